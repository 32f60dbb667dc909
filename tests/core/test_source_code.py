import os
from importlib.machinery import all_suffixes

import pytest

from seatrial.source_code import code_digest, room_digest, source_files


@pytest.fixture
def write(tmp_path):
    def files(**sources):
        for name, source in sources.items():
            path = tmp_path / name.replace("__", "/").replace("/init", "/__init__")
            path = path.with_name(f"{path.name}.py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        return tmp_path

    return files


def names(folder, file):
    return [os.path.relpath(one, folder) for one in source_files(folder / file)]


def test_a_module_alone_is_its_file(write):
    folder = write(one="x = 1\n", other="y = 1\n")
    assert names(folder, "one.py") == ["one.py"]


def test_what_it_imports_from_beside_it_counts_and_what_that_imports(write):
    folder = write(
        one="import os, helper\n",
        helper="def late():\n    from . import far\n    import parts.inner\n",
        far="import one\n",
        parts__init="",
        parts__inner="",
        stranger="import one\n",
    )
    assert names(folder, "one.py") == ["far.py", "helper.py", "one.py", "parts/__init__.py", "parts/inner.py"]


def test_a_module_of_a_package_is_all_of_it_and_its_small_data(write):
    folder = write(pack__init="", pack__one="", pack__deep__two="", beside="")
    (folder / "pack/words.json").write_text("[]")
    (folder / "pack/weights.bin").write_bytes(bytes((1 << 20) + 1))
    (folder / "pack/__pycache__").mkdir()
    (folder / "pack/__pycache__/one.py").write_text("")
    (folder / "pack/runs").mkdir()
    (folder / "pack/runs/log.txt").write_text("")
    assert names(folder, "pack/one.py") == ["pack/__init__.py", "pack/deep/two.py", "pack/one.py", "pack/words.json"]


def test_folders_without_an_init_are_packages_too(write):
    folder = write(one="from helpers.far import x\n", helpers__far="", space__a="import space.b\n", space__b="")
    assert names(folder, "one.py") == ["helpers/far.py", "one.py"]
    found = [os.path.relpath(one, folder) for one in source_files(folder / "space/a.py", "space.a")]
    assert found == ["space/a.py", "space/b.py"]


def test_a_package_in_a_namespace_has_its_data_and_the_namespace_none(write):
    folder = write(acme__filters__init="", acme__filters__one="")
    for name in ("acme/filters/words.txt", "acme/notes.txt"):
        (folder / name).write_text("")
    found = [os.path.relpath(one, folder) for one in source_files(folder / "acme/filters/one.py", "acme.filters.one")]
    assert found == ["acme/filters/__init__.py", "acme/filters/one.py", "acme/filters/words.txt"]


def test_modules_however_deep_make_a_folder_one_that_is_imported(write):
    folder = write(one="from helpers.nlp.en.stem import x\n", helpers__nlp__en__stem="")
    assert names(folder, "one.py") == ["helpers/nlp/en/stem.py", "one.py"]


def test_prompts_below_a_package_linked_folders_and_names_in_any_letters_count(write):
    folder = write(pack__init="", pack__one="", one="from café import x\nimport fast\n", café="")
    for name in ("pack/prompts", "elsewhere"):
        (folder / name).mkdir()
    (folder / "pack/prompts/system.txt").write_text("You are kind.")
    (folder / "elsewhere/two.py").write_text("")
    (folder / "pack/linked").symlink_to(folder / "elsewhere")
    (folder / "pack/again").symlink_to(folder / "pack")
    inside = ["__init__.py", "linked/two.py", "one.py", "prompts/system.txt"]
    assert names(folder, "pack/one.py") == [f"pack/{name}" for name in inside]
    (folder / f"fast{all_suffixes()[-1]}").write_bytes(b"x")
    assert names(folder, "one.py") == ["café.py", f"fast{all_suffixes()[-1]}", "one.py"]


def test_a_folder_of_data_is_no_package_and_an_installed_one_comes_first(write):
    folder = write(one="import rows\nimport json\n", json__extra="")
    (folder / "rows").mkdir()
    (folder / "rows/train.jsonl").write_text("{}")
    assert names(folder, "one.py") == ["one.py"]


def test_a_room_is_one_package_with_all_below_it(write):
    folder = write(
        pack__init="", pack__scorer="1", pack__helper="1", pack__deep__init="", pack__deep__far="1", alone="1"
    )
    room, alone = room_digest(folder / "pack/scorer.py"), room_digest(folder / "alone.py")
    (folder / "elsewhere.py").write_text("2")
    assert (room_digest(folder / "pack/scorer.py"), room_digest(folder / "alone.py")) == (room, alone)
    for name in ("pack/helper.py", "pack/deep/far.py", "pack/words.txt"):
        (folder / name).write_text("2")
        assert room_digest(folder / "pack/scorer.py") != room, name
        room = room_digest(folder / "pack/scorer.py")


def test_of_what_is_installed_nothing_beside_counts(write):
    folder = write(**{"site-packages__one": "import two\n", "site-packages__two": ""}) / "site-packages"
    assert names(folder, "one.py") == ["one.py"]


@pytest.mark.parametrize("changed", ["one.py", "helper.py"])
def test_other_bytes_of_the_same_size_and_time_are_other_code(write, changed):
    folder = write(one="import helper\n#1\n", helper="#1\n")
    before, times = code_digest(folder / "one.py"), (folder / changed).stat()
    (folder / changed).write_text((folder / changed).read_text().replace("#1", "#2"))
    os.utime(folder / changed, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert code_digest(folder / "one.py") != before


def test_code_that_cannot_be_parsed_has_a_digest(write):
    assert len(code_digest(write(one="import (\n", helper="") / "one.py")) == 64
