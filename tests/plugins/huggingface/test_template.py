from __future__ import annotations

import threading

import pytest
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError, UndefinedError

from seatrial import templates
from seatrial_plugins.huggingface.template import ChatTemplate, TemplateLimitError

MESSAGES = [
    {"role": "system", "content": "Be brief.\n"},
    {"role": "user", "content": " What is <b>2+2</b>? é 😀 "},
    {"role": "assistant", "content": "4", "tool_calls": [{"function": {"name": "add", "arguments": {"a": 2}}}]},
]
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}]
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>"}

IDIOMS = {
    "chatml": "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "blocks and white space": "\n  {% for m in messages -%}\n    {% if loop.first %}\n  {{ bos_token }}{% endif %}\n"
    "  {{- m.role | upper }}: {{ m.content | trim }}\n  {% endfor %}\nend\n",
    "namespaces": "{% set ns = namespace(system='', found=false) %}{% for m in messages %}{% if m.role == 'system' %}"
    "{% set ns.system = ns.system ~ m.content ~ 1 ~ none %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.system }}",
    "slices": "{% set rest = messages[1:] %}{{ rest | length }}{{ rest[0].content[2:7] }}{{ messages[::-1][0]['role'] }}"
    "{% for i in range(3) %}{{ 'abc'[i] }}{% endfor %}",
    "loops that look about": "{% for m in messages %}{{ loop.index }}/{{ loop.length }}{{ loop.last }}{{ loop.revindex0 }}"
    "{{ loop.previtem.role if not loop.first }}{{ loop.nextitem.role if not loop.last }}{{ loop.cycle('a', 'b') }}{% if loop.first %}{% continue %}{% endif %}"
    "{{ m.role }}{% else %}none{% endfor %}{% for m in [] %}{% else %}none{% endfor %}",
    "recursion": "{% for item in [[1, [2, 3]], 4] recursive %}{% if item is iterable %}({{ loop(item) }}){% else %}{{ item }}"
    "{% endif %}{% endfor %}",
    "macros": "{% macro say(role, text='x') %}[{{ role }}:{{ text }}{{ caller() if caller else '' }}]{% endmacro %}"
    "{% for m in messages %}{{ say(m.role, m.content) }}{% endfor %}{% call say('c') %}inside{% endcall %}",
    "tools": "{% for t in tools %}{{ t | tojson }}\n{{ t | tojson(indent=2) }}{% endfor %}{% for m in messages %}"
    "{% for c in m.tool_calls or [] %}{{ c.function.arguments | tojson }}{% for k, v in c.function.arguments.items() %}{{ k }}="
    "{{ v }}{% endfor %}{% endfor %}{% endfor %}{{ tools[0].function | dictsort }}",
    "text": "{% set c = messages[1].content %}{{ c.strip().split('?')[0] }}{{ c.replace('2', '3') }}{{ c | replace('+', ' - ') }}"
    "{{ ', '.join(['a', 'b']) }}{{ ['a', 'b'] | join('; ') }}{{ '%s=%d' | format('x', 3) }}{{ '{}-{a}'.format(1, a=2) }}"
    "{{ '%5.1f%%' % 2.25 }}{{ 'x' * 3 }}{{ c.startswith(' W') }}{{ c | capitalize }}{{ c | title }}{{ c | indent(2) }}",
    "collections": "{{ messages | map(attribute='role') | join(',') }}{{ messages | selectattr('role', 'equalto', 'user') | list"
    " | length }}{{ [1, 2] + [3] }}{{ {'a': (1, 2)} }}{{ (1, 2) }}{{ dict(a=1) }}{{ [3, 1] | sort | first }}{{ [] }}{{ {} }}",
    "types": "{% if messages is iterable and messages[0] is mapping and none is none and x is not defined %}{{ 2 ** 3 }}{{ 7 % 4 }}"
    "{{ 7 // 2 }}{{ 1 / 4 }}{{ true and not false }}{{ 'a' in ['a', 'b'] }}{{ x | default(4096) }}{{ '12' | int + 1 }}{% endif %}",
    "generation": "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{{ eos_token }}"
    "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
    "set blocks": "{% set said %}{% for m in messages %}{{ m.content }}{% endfor %}{% endset %}{{ said | trim }}{% filter upper %}"
    "abc{{ said }}{% endfilter %}",
    "assignments": "{% set a, b = 1, [2, 3] %}{{ a }}{{ b }}{% with c = 5 %}{{ c }}{% endwith %}{{ a if a > 1 else b }}",
}


@pytest.mark.parametrize("ask", [True, False])
@pytest.mark.parametrize("source", IDIOMS.values(), ids=IDIOMS)
def test_what_is_rendered_is_what_transformers_renders(tiny_target, source, ask):
    from seatrial_plugins.huggingface.tokenizer_files import read_tokenizer

    tokenizer = read_tokenizer(tiny_target.folder)
    theirs = tokenizer.apply_chat_template(
        MESSAGES, tools=TOOLS, chat_template=source, tokenize=False, add_generation_prompt=ask, bos_token="<s>"
    )
    variables = {**tokenizer.special_tokens_map, "bos_token": "<s>"}
    assert ChatTemplate(source, variables).render(MESSAGES, TOOLS, ask=ask) == theirs
    assert theirs


LOOP = "{% for i in range(99999) %}"
HOSTILE = {
    "nested loops": LOOP * 3 + "{% endfor %}" * 3,
    "nested loops that write": LOOP * 2 + "x" * 5_000 + "{% endfor %}" * 2,
    "loops in a macro": "{% macro m() %}" + LOOP * 2 + "xxxxxxx{% endfor %}" * 2 + "{% endmacro %}{{ m() }}",
    "recursive loops": "{% for x in range(9999) recursive %}{% if loop.depth < 9 %}{{ loop(range(9999)) }}{% endif %}{% endfor %}",
    "recursive macros": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "doubling by ~": "{% set ns = namespace(s='xxxxxxxx') %}" + LOOP + "{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "doubling by +": "{% set ns = namespace(s='xxxxxxxx') %}" + LOOP + "{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "doubling by *": "{% set ns = namespace(s='xxxxxxxx') %}" + LOOP + "{% set ns.s = ns.s * 2 %}{% endfor %}",
    "doubling by %": "{% set ns = namespace(s='xxxxxxxx') %}"
    + LOOP
    + "{% set ns.s = '%s%s' % (ns.s, ns.s) %}{% endfor %}",
    "doubling by format": "{% set ns = namespace(s='xx') %}"
    + LOOP
    + "{% set ns.s = '{0}{0}'.format(ns.s) %}{% endfor %}",
    "doubling by the filter format": "{% set ns = namespace(s='xx') %}"
    + LOOP
    + "{% set ns.s = '%s%s' | format(ns.s, ns.s) %}{% endfor %}",
    "doubling by replace": "{% set ns = namespace(s='xxxx') %}"
    + LOOP
    + "{% set ns.s = ns.s.replace('x', 'xx') %}{% endfor %}",
    "doubling by the filter replace": "{% set ns = namespace(s='xxxx') %}"
    + LOOP
    + "{% set ns.s = ns.s | replace('x', 'xx') %}{% endfor %}",
    "doubling by join": "{% set ns = namespace(s='xxxx') %}"
    + LOOP
    + "{% set ns.s = ns.s.join(['', '', '']) %}{% endfor %}",
    "doubling by the filter join": "{% set ns = namespace(s='xxxx') %}"
    + LOOP
    + "{% set ns.s = [ns.s, ns.s] | join %}{% endfor %}",
    "doubling in a block": "{% set ns = namespace(s='xxxx') %}"
    + LOOP
    + "{% set x %}{{ ns.s }}{{ ns.s }}{% endset %}{% set ns.s = x %}{% endfor %}",
    "doubling lists": "{% set ns = namespace(s=[1]) %}" + LOOP + "{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "nesting lists": "{% set ns = namespace(s=1) %}" + LOOP + "{% set ns.s = [ns.s, ns.s] %}{% endfor %}",
    "nesting mappings": "{% set ns = namespace(s=1) %}"
    + LOOP
    + "{% set ns.s = dict(a=ns.s, b=ns.s) %}{{ ns.s | tojson }}{% endfor %}",
    "keeping slices": "{% set ns = namespace(s='x' * 100000, l=[]) %}"
    + LOOP
    + "{% set ns.l = ns.l + [ns.s[1:]] %}{% endfor %}",
    "repeating": "{{ 'x' * 99999999999 }}",
    "repeating a list": "{{ ([0] * 99999999999) | length }}",
    "the conversation, over and over": LOOP + "{{ messages }}{% endfor %}",
    "a list of characters": "{{ ('x' * 9000000 * 9) | list | length }}",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_what_never_ends_or_grows_without_end_is_stopped(source):
    with pytest.raises(
        TemplateLimitError, match=r"makes more than 4,\d{3},\d{3} characters on its way|takes more than"
    ):
        ChatTemplate(source, {}).render(MESSAGES, None, ask=True)


REFUSED = {
    "a wide format": "{{ '%99999999999d' % 1 }}",
    "a wide filter": "{{ '%99999999999d' | format(1) }}",
    "a wide method": "{{ '{:>99999999999}'.format('x') }}",
    "a given width": "{{ '{:>{w}}'.format('x', w=99999999999) }}",
    "a padding method": "{{ 'x'.ljust(99999999999) }}",
    "a wide indent": "{{ 'a\nb' | indent(99999999999) }}",
    "wide JSON": "{{ [[1]] | tojson(indent=99999999999) }}",
    "a power": "{{ 10 ** 10 ** 10 }}",
    "large numbers": "{{ 99999999999 * 99999999999 }}",
    "a private name": "{% set ns = namespace(_x=1) %}",
    "Python itself": "{{ ''.__class__.__mro__ }}",
    "a list that is changed": "{{ messages.append(1) }}",
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_what_pads_or_leaves_the_sandbox_is_refused(source):
    with pytest.raises(SecurityError):
        ChatTemplate(source, {}).render(MESSAGES, None, ask=True)


def test_time_is_bounded_too(monkeypatch):
    monkeypatch.setattr(templates, "_SECONDS", 0.0)
    with pytest.raises(TemplateLimitError, match="takes more than 0 seconds"):
        ChatTemplate("{{ messages }}", {}).render(MESSAGES, None, ask=True)


def test_long_conversations_have_longer_allowances():
    long = [{"role": "user", "content": "x" * 1_000_000}] * 4
    source = "{% for i in range(9) %}{% for m in messages %}{{ m.content | trim | replace('y', 'z') }}{% endfor %}{% endfor %}"
    assert len(ChatTemplate(source, {}).render(long, None, ask=False)) == 36_000_000


def test_a_thousand_turns_may_look_at_each_other():
    source = (
        "{% set ns = namespace(l=[]) %}{% for m in messages %}{% set ns.l = ns.l + [m] %}{% for n in messages %}{% if n == m %}"
        "{% endif %}{% endfor %}{% endfor %}{{ ns.l | length }}"
    )
    turns = [{"role": "user", "content": f"{n} " * 100} for n in range(500)]
    assert ChatTemplate(source, {}).render(turns, None, ask=False) == "500"


def test_a_template_that_raises_says_what():
    with pytest.raises(TemplateError, match="roles must alternate"):
        ChatTemplate("{{ raise_exception('roles must alternate') }}", {}).render(MESSAGES, None, ask=True)
    with pytest.raises(UndefinedError, match="'x' is undefined"):
        ChatTemplate("{{ x.y }}", {}).render(MESSAGES, None, ask=True)
    with pytest.raises(TemplateSyntaxError):
        ChatTemplate("{% for %}", {})
    with pytest.raises(TemplateLimitError, match=r"it has 1,\d{3},\d{3} characters"):
        ChatTemplate("x" * 1_100_000, {})


def test_threads_have_allowances_of_their_own():
    slow = ChatTemplate("{% for m in messages %}{{ m.content * 900 }}{% endfor %}", {})
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(len(slow.render(MESSAGES, None, ask=False)))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8
