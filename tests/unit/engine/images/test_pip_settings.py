"""pip's settings: files, variables, and what may reach a build."""

from __future__ import annotations

from pathlib import Path

from msctl.engine.images.pip_settings import PipSettings, configuration_files, read_pip_settings


def test_later_files_and_then_variables_win(tmp_path: Path) -> None:
    weak, strong = tmp_path / "weak.conf", tmp_path / "strong.conf"
    weak.write_text("[global]\nindex-url = https://weak.test/simple\ntimeout = 5\n")
    strong.write_text("[install]\nindex_url = https://strong.test/simple\n[list]\nformat = columns\n")
    environ = {"PIP_DEFAULT_TIMEOUT": "90", "HOME": str(tmp_path)}
    found = read_pip_settings(environ, [weak, strong, tmp_path / "absent.conf"])
    assert dict(found.options) == {"index-url": "https://strong.test/simple", "timeout": "90"}


def test_a_broken_file_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "pip.conf"
    broken.write_text("index-url = without a section\n")
    assert dict(read_pip_settings({"HOME": str(tmp_path)}, [broken]).options) == {}


def test_builds_get_addresses_without_logins() -> None:
    options = {
        "index-url": "https://ann:secret@pip.test/simple",
        "extra-index-url": "https://a.test https://b:c@d.test",
    }
    settings = PipSettings(options)
    assert settings.has_credentials
    assert settings.public_options() == {
        "index-url": "https://pip.test/simple",
        "extra-index-url": "https://a.test https://d.test",
    }
    assert settings.public_configuration() == (
        "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n"
        "extra-index-url = https://a.test https://d.test\nindex-url = https://pip.test/simple\n"
    )


def test_a_percent_sign_and_a_login_survive_in_the_staged_configuration(tmp_path: Path) -> None:
    settings = PipSettings({"index-url": "https://a:b%40c@pip.test/simple", "cert": "/somewhere.pem"})
    staged = tmp_path / "pip.conf"
    staged.write_text(settings.configuration("/stage/bundle.pem", ["/stage/links-0"]))
    assert dict(read_pip_settings({"HOME": "/nowhere"}, [staged]).options) == {
        "index-url": "https://a:b%40c@pip.test/simple",
        "cert": "/stage/bundle.pem",
        "find-links": "/stage/links-0",
    }


def test_finds_wheel_folders_and_netrc(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine pip.test login ann password secret\n")
    environ = {"HOME": str(tmp_path), "PIP_FIND_LINKS": f"{tmp_path} https://wheels.test /absent"}
    found = read_pip_settings(environ, [])
    assert found.link_folders == (tmp_path,)
    assert found.netrc == tmp_path / ".netrc"
    assert "https://wheels.test" in found.configuration(None, [])


def test_a_named_file_is_the_strongest_and_devnull_turns_all_off() -> None:
    assert configuration_files({"HOME": "/home/ann", "PIP_CONFIG_FILE": "/x/pip.conf"})[-1] == Path(
        "/x/pip.conf"
    )
    assert configuration_files({"HOME": "/home/ann", "PIP_CONFIG_FILE": "/dev/null"}) == ()
