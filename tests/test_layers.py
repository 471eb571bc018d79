import ast
import subprocess
import sys
from pathlib import Path

import pytest

from danvan.places import BASE_DIR

#: the modules of units that know no Django either
PLAIN = {"units.csv_files", "units.problems"}
RULES = [*sorted((BASE_DIR / "reports" / "domain").glob("*.py")), *(BASE_DIR / f"{name.replace('.', '/')}.py" for name in sorted(PLAIN))]


def test_imports_keep_their_directions():
    checked = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_the_rules_import_nothing_but_plain_python(file: Path):
    allowed = sys.stdlib_module_names | {"reports.domain"} | PLAIN
    imported = {
        name
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
        + ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
    }
    assert {name for name in imported if not {name, name.split(".")[0], ".".join(name.split(".")[:2])} & allowed} == set()
