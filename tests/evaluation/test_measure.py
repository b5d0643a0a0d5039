import pytest

from tts.cli import main
from tts.cli.measure import parse_numbers
from tts.errors import InputError


def test_numbers_are_read_in_order():
    assert parse_numbers("3,1, 2", "--seeds", 0) == (3, 1, 2)


@pytest.mark.parametrize("text", ["", "a", "1,,2", "-1", "1,1", "1.5", "9" * 30, "1;2"])
def test_wrong_numbers_are_refused_with_the_option_named(text):
    with pytest.raises(InputError, match="--seeds"):
        parse_numbers(text, "--seeds", 0)


def test_the_commands_are_reached_and_refuse_what_is_wrong(capsys):
    for arguments, reason in (
        (["evaluate"], "--texts FILE"),
        (["bench", "no-such-voice"], "no-such-voice"),
        (["bench", "--threads", "0"], "at least 1"),
    ):
        assert main(arguments) == 2
        assert reason in capsys.readouterr().err
