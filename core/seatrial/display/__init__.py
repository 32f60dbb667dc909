"""What people see in a terminal or a report.

console    a run while it goes
figures    numbers in sentences, never rounded across a threshold
measures   time and memory
story      what became of one row
legible    text out of data, made safe to look at
"""
