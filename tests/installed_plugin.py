"""A plugin of one module, installed as a distribution in a folder, for whoever has that on their path."""

from pathlib import Path


def install_plugin(folder: Path, name: str, source: str, what: str = "") -> None:
    """Install the module with that text, or what is named so in it, as the plugin `name` of the distribution `name-parts`."""
    (folder / f"{name}_module.py").write_text(source)
    info = folder / f"{name}_parts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-parts\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[seatrial]\n{name} = {name}_module{what and f':{what}'}\n")
