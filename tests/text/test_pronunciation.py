"""Written pronunciations and the user's lexicon."""

import pytest

from tts.errors import InputError
from tts.text.pronunciation import read_lexicon, to_misaki


@pytest.mark.parametrize(
    ("ipa", "misaki"),
    [("həˈloʊ", "həˈlO"), ("/tʃɜːrtʃ/", "ʧɜɹʧ"), ("ɡeɪt", "ɡAt"), ("naɪt", "nIt"),
     ("həlˈO", "həlˈO"), ("bɔ̃", "bɔn"), ("ʁuʒ", "ɹuʒ")],
)  # fmt: skip
def test_common_ipa_becomes_misaki(ipa, misaki):
    assert to_misaki(ipa) == misaki


@pytest.mark.parametrize("ipa", ["", "  ", "ˈ", "HH AH0", "a%"])
def test_what_is_no_ipa_is_refused(ipa):
    with pytest.raises(InputError):
        to_misaki(ipa)


def test_lexicon_file(tmp_path):
    path = tmp_path / "lexicon.tsv"
    path.write_text("# names\nGitHub\tɡˈɪthʌb\n\nnginx\tˈɛnʤɪn ˈɛks\n", encoding="utf-8")
    assert read_lexicon(path) == {"github": "ɡˈɪthʌb", "nginx": "ˈɛnʤɪn ˈɛks"}


@pytest.mark.parametrize("content", ["word only\n", "two words\tab\n", "word\t\n", "word\t123\n"])
def test_wrong_lines_are_named(tmp_path, content):
    path = tmp_path / "lexicon.tsv"
    path.write_text("fine\tfˈIn\n" + content, encoding="utf-8")
    with pytest.raises(InputError, match="line 2"):
        read_lexicon(path)


def test_unreadable_lexicons_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_lexicon(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        read_lexicon(tmp_path / "bytes")
