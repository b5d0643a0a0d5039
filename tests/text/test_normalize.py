"""Written text to spoken words: one table per rule, then laws that hold for any text."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.text.normalize import normalize, normalize_counted

TABLES = {
    "numbers": [
        ("Only 17 of 2,300 came.", "Only seventeen of two thousand three hundred came."),
        ("The 22nd of 101 tries", "The twenty second of one hundred one tries"),
        ("Pi is 3.14.", "Pi is three point one four."),
        ("-8 and +8", "minus eight and plus eight"),
        ("agent 007", "agent zero zero seven"),
        ("Built in 1887, rebuilt in 2003.", "Built in eighteen eighty seven, rebuilt in two thousand three."),
        ("1250 pages", "one thousand two hundred fifty pages"),
        ("about 15k users, 3M views", "about fifteen thousand users, three million views"),
        ("#7 and No. 9", "number seven and Number nine"),
        ("two F-16s, his 30s", "two F-sixteens, his thirties"),
        ("MP4, B12 and 3D", "MP four, B twelve and three D"),
        ("version 2.10.3", "version two point ten point three"),
    ],
    "quantities": [
        ("1/3 cup and 4 1/2 spoons", "one third cup and four and a half spoons"),
        ("5/6 and 7/12", "five sixths and seven twelfths"),
        ("50/50", "fifty fifty"),
        ("45% or 10-20%", "forty five percent or ten to twenty percent"),
        ("pages 3-7", "pages three to seven"),
        ("a score of 21:14", "a score of twenty one fourteen"),
        ("a ratio of 3:1", "a ratio of three to one"),
        ("6 + 3 = 9", "six plus three equals nine"),
        ("9 - 4 = 5", "nine minus four equals five"),
        ("a 4x4 board", "a four by four board"),
        ("x^2 < 50", "x squared is less than fifty"),
    ],
    "money": [
        ("It is $7.", "It is seven dollars."),
        ("$1 and $1.01", "one dollar and one dollar one cent"),
        ("£12.40, €3 and ¥500", "twelve pounds forty pence, three euros and five hundred yen"),
        ("$.99 or 99¢", "ninety nine cents or ninety nine cents"),
        ("$2.4 billion and £6m", "two point four billion dollars and six million pounds"),
        ("$30-$45 a month, $8/day", "thirty dollars to forty five dollars a month, eight dollars per day"),
        ("a $10 bill", "a ten dollar bill"),
        ("-$9", "minus nine dollars"),
        ("45 EUR", "forty five euros"),
        ("$3.14159", "three point one four one five nine dollars"),
    ],
    "dates": [
        ("March 3, 1999", "March third, nineteen ninety nine"),
        ("on 14 July 1789", "on the fourteenth of July seventeen eighty nine"),
        ("Sept. 9th", "September ninth"),
        ("2019-12-31", "December thirty first twenty nineteen"),
        ("7/4/1976", "July fourth nineteen seventy six"),
        ("31/12/2020", "December thirty first twenty twenty"),
        ("the 1970s and the '60s", "the nineteen seventies and the sixties"),
        ("1914-1918", "nineteen fourteen to nineteen eighteen"),
        ("May 3-5", "May third to fifth"),
        ("you may 3 times march", "you may three times march"),
        ("Q3 2024", "the third quarter of twenty twenty four"),
        ("Mon-Fri", "Monday to Friday"),
    ],
    "times": [
        ("at 6:05 am", "at six oh five AM"),
        ("at 11 P.M. sharp", "at eleven PM sharp"),
        ("at 8:00", "at eight o'clock"),
        ("at 17:45", "at seventeen forty five"),
        ("at 18:00", "at eighteen hundred"),
        ("from 9am-5pm", "from nine AM to five PM"),
        ("in 2:15:08", "in two hours fifteen minutes and eight seconds"),
        ("Luke 3:4-6 and 2:05-15", "Luke three four to six and two oh five to fifteen"),
        ("at 3:30 p.m. EST", "at three thirty PM EST"),
        ("We left at 4 p.m. It rained.", "We left at four PM. It rained."),
    ],
    "phones": [
        ("555-0142", "five five five, zero one four two"),
        ("(212) 555-0142", "two one two, five five five, zero one four two"),
        ("+44 20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"),
        ("call 911", "call nine one one"),
        ("a card ending in 4242", "a card ending in four two four two"),
        ("10.0.0.255", "one zero dot zero dot zero dot two five five"),
        ("room 204", "room two oh four"),
    ],
    "units": [
        ("5km, 1 km", "five kilometers, one kilometer"),
        ("21°C and -4 °F", "twenty one degrees Celsius and minus four degrees Fahrenheit"),
        ("90 km/h", "ninety kilometers per hour"),
        ("3 hrs 20 min", "three hours twenty minutes"),
        ("a 10-km run", "a ten kilometer run"),
        ("12 m² of floor", "twelve square meters of floor"),
        ("1/4 mi", "one quarter mile"),
        ("2-3 kg", "two to three kilograms"),
        ("He is 5'11\".", "He is five foot eleven."),
        ("5 in the box", "five in the box"),
        ("8GB at 3.2 GHz", "eight gigabytes at three point two gigahertz"),
    ],
    "abbreviations": [
        ("Dr. Adams met Mrs. Lee.", "Doctor Adams met Missus Lee."),
        ("St. Mark lives on Oak St. near us.", "Saint Mark lives on Oak Street near us."),
        ("e.g. apples, i.e. fruit", "for example apples, that is fruit"),
        ("cats, dogs, etc. Then birds", "cats, dogs, etc. Then birds"),
        ("the U.S. and the E.U.", "the U.S. and the E.U."),
        ("NASA and the FBI", "NASA and the FBI"),
        ("What're we, who're they", "What are we, who are they"),
        ("we're and they're", "we're and they're"),
        ("Fig. 3, p. 14, pp. 2-4", "Figure three, page fourteen, pages two to four"),
        ("a fig. I said no. Go", "a fig. I said no. Go"),
        ("Smith vs. Jones, Acme Inc.", "Smith versus Jones, Acme Incorporated."),
        ("350 W. Elm Ave., Reno, NV 89501", "three fifty West Elm Avenue, Reno, Nevada, eight nine five zero one"),
    ],
    "roman": [
        ("Chapter XII", "Chapter twelve"),
        ("Louis XVI's wife", "Louis the sixteenth's wife"),
        ("World War II", "World War two"),
        ("Queen Anne I", "Queen Anne the first"),
        ("Charles I think so", "Charles I think so"),
        ("MIX the CD", "MIX the CD"),
    ],
    "web": [
        ("ann.b@mail.net", "ann dot b at mail dot net"),
        ("See https://site.org/faq.", "See HTTPS site dot org slash faq."),
        ("www.shop.com/a-b_c", "WWW dot shop dot com slash a dash b underscore c"),
        ("localhost:5000", "localhost colon five thousand"),
        ("#GoodMorning @tom_1", "hashtag Good Morning at tom underscore one"),
        ("open notes.txt", "open notes dot TXT"),
        ("the end.Next one", "the end. Next one"),
        ("<i>so</i> &amp; so", "so and so"),
    ],
    "signs": [
        ("salt & pepper, R&D", "salt and pepper, R and D"),
        ("me @ home", "me at home"),
        ("either/or, and/or", "either slash or, and or"),
        ("wait -- what", "wait — what"),
        ("- a list item", "a list item"),
        ("[a] {b} (c)", "(a) (b) (c)"),
        ("C# or F#", "C sharp or F sharp"),
        ("~30 of them", "about thirty of them"),
    ],
    "letters": [
        ("naïve café", "naive cafe"),
        ("“so” — ‘he’ said…", "\"so\" — 'he' said…"),
        ("I ♥ it 🎉", "I heart it, party popper"),
        ("x² and ½", "x squared and one half"),
        ("the angle π", "the angle pi"),
        ("ﬁne Ｗide", "fine Wide"),
    ],
}  # fmt: skip
ALL = [(written, spoken) for table in TABLES.values() for written, spoken in table]
TEXTS = st.text(st.sampled_from(string.ascii_letters[::5] + string.digits + string.punctuation + "  —é😀½"), max_size=60)


@pytest.mark.parametrize("rule", TABLES)
def test_table(rule):
    for written, spoken in TABLES[rule]:
        assert normalize(written) == spoken, written


@pytest.mark.parametrize(("written", "spoken"), ALL)
def test_spoken_text_is_left_as_it_is(written, spoken):
    assert normalize(spoken) == spoken


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_any_text_gives_only_letters_and_known_punctuation(text):
    spoken = normalize(text)
    assert not set(spoken) - set(string.ascii_letters + " '\".,;:!?()—…-"), spoken
    assert "  " not in spoken
    assert spoken == spoken.strip()


def test_inline_pronunciations_stay():
    assert normalize("2 [tomatoes](/təmˈɑtOz/) & 1") == "two [tomatoes](/təmˈɑtOz/) and one"


def test_what_is_not_spoken_is_counted():
    text, unknown = normalize_counted("a \u0378 b \x07 <b> *** \\ :-)")
    assert text == "a b —"
    assert unknown == {"\u0378": 1, "\x07": 1, "<b>": 1, "*": 3, "\\": 1, ":-)": 1}
