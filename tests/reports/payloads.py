"""Texts that would act where they are taken for more than text, and what of them a table can hold."""

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "</style><script>alert(3)</script>",
    "</title><script>alert(4)</script>",
    "</textarea><svg onload=alert(5)>",
    "--><img src=x onerror=alert(6)>",
    "]]><img src=x onerror=alert(7)>",
    '"><img src=x onerror=alert(8)>',
    "'><img src=x onerror=alert(9)>",
    '" onmouseover="alert(10)" x="',
    "' onfocus='alert(11)' autofocus='",
    "<iframe src=javascript:alert(12)></iframe>",
    '<a href="javascript:alert(13)">click</a>',
    "javascript:alert(14)",
    "<svg><script href=data:text/javascript,alert(15) /></svg>",
    "<math><mi xlink:href=javascript:alert(16)>",
    "<img src=//evil.example/17.png>",
    '<link rel=stylesheet href="http://evil.example/18.css">',
    '<meta http-equiv="refresh" content="0;url=http://evil.example/19">',
    "<style>*{background:url(http://evil.example/20.png)}</style>",
    "{{ 7 * 7 }}{% for x in 1 %}{{ cycler.__init__.__globals__ }}{% endfor %}",
    "${alert(22)}#{alert(22)}<%= alert(22) %>",
    "<base href=//evil.example/23/>",
    '<form action=//evil.example/24><button formaction="javascript:alert(24)">go',
    "\u202egnp.exe\u2066<script>alert(25)</script>\x00\x1b[31m\x9b31m",
    '<!--<img src="--><img src=x onerror=alert(26)//">',
    "<details open ontoggle=alert(27)><summary>x",
    "&lt;script&gt;alert(28)&lt;/script&gt;",
    "[click](javascript:alert(29)) ![x](http://evil.example/29.png) | `x` @someone www.evil.example",
    "\ud83d<script>alert(30)</script>\ufeff\U000e0041",
)


def storable(text: str) -> str:
    """Parquet holds UTF-8 only: a lone surrogate can come from options and errors, never from a table."""
    return text.encode(errors="replace").decode()
