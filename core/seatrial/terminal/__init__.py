"""What people see in a terminal or a report.

console    answers: the verdict, the dataset, the installed parts
documents  how a run ended, for programs
figures    numbers in sentences, never rounded across a threshold
legible    text out of data, made safe to look at
measures   time and memory
portrait   what a suite may say of one component
progress   a run while it goes
screen     lines and tables on a stream
story      what became of one row
streams    output that survives its reader and its encoding
"""
