"""Sources: where data and weights come from.

path:FILE-OR-FOLDER                                 this machine
package:MODULE[/PATH]                               an installed Python package
hf:ORG/NAME[@REVISION][:CONFIG][/SPLIT]             a data set of the Hugging Face hub
hf:ORG/NAME[@REVISION][/FILE]                       a model of the Hugging Face hub
"""

from __future__ import annotations

from collections.abc import Iterable

from seatrial import Component, hookimpl
from seatrial.sources import Source

__all__ = ["hf", "package", "path", "seatrial_sources"]


def path() -> Source:
    """Files and folders of this machine; relative ones are looked for below the current directory."""
    from seatrial_plugins.sources.local_path import LocalPath

    return LocalPath()


def package() -> Source:
    """Files that an installed Python package carries; the package's code is not run."""
    from seatrial_plugins.sources.installed_package import InstalledPackage

    return InstalledPackage()


def hf() -> Source:
    """Data sets and models of the Hugging Face hub, pinned to a commit; no script of the hub is run."""
    from seatrial_plugins.sources.hub import Hub

    return Hub()


@hookimpl
def seatrial_sources() -> Iterable[Component[Source]]:
    """The built-in schemes."""
    yield Component("path", path, "Files and folders of this machine: path:data/train.jsonl.")
    yield Component("package", package, "Files of an installed Python package: package:chatterbot_corpus/data/english.")
    yield Component("hf", hf, "The Hugging Face hub: hf:openai/gsm8k@COMMIT:main/train, hf:org/model@COMMIT.")
