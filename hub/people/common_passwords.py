"""The words people reach for first, put down by hand: what a guess would begin with, and the rows of the keyboard."""

from __future__ import annotations

COMMON_WORDS = frozenset(
    """
    password passwort passwd passcode pass lozinka haslo parola parol kennwort geheim secret secrets private
    admin administrator root superuser user username login signin welcome willkommen hello hallo hola guest default
    changeme change letmein access master manager system server service support office company business
    internet computer laptop google facebook instagram twitter mastodon bluesky wordpress linkedin youtube amazon
    apple samsung android iphone microsoft windows linux ubuntu debian yahoo gmail hotmail outlook telegram whatsapp
    hubbub inbox mailbox email hub helpdesk helpline care agent supervisor writer editor team
    qwerty qwertz azerty asdf zxcv yxcv test testing tester demo sample example temp temporary
    monkey dragon tiger lion eagle wolf bear panda kitty kitten puppy horse pony rabbit turtle shark dolphin
    butterfly spider falcon phoenix unicorn
    love iloveyou ichliebedich loveyou lovely lover sweetheart sweety honey darling baby babygirl babyboy angel princess
    prinzessin queen king prince family familie mother father mutter vater mommy daddy sister brother friend friends
    sunshine sonnenschein sonne shadow summer sommer winter spring autumn herbst fruehling
    january february march april june july august september october november december
    januar februar maerz juni juli oktober dezember
    monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag
    football fussball soccer baseball basketball hockey tennis golf racing ferrari porsche mercedes mustang harley
    liverpool arsenal chelsea barcelona juventus bayern schalke dortmund borussia rapid partizan zvezda legia
    superman batman spiderman starwars pokemon naruto matrix gandalf hobbit minecraft fortnite roblox
    michael daniel thomas andreas stefan alexander robert david martin peter nicole jessica jennifer ashley michelle
    amanda charlie jordan hunter buster george harry maggie ginger pepper cookie chocolate schokolade cheese banana
    orange cherry peanut coffee kaffee
    trustno trust whatever nothing something freedom forever blessed jesus christ heaven god
    flower rainbow diamond silver gold golden purple yellow black white green blue
    germany deutschland berlin hamburg muenchen austria vienna wien schweiz serbia beograd srbija poland polska warszawa
    russia moskva london paris newyork america unitedstates
    money killer hacker ninja soldier marine power energy thunder lightning storm music guitar metal rock
    """.split()  # noqa: SIM905 - a list to read, not to scroll
)

_FORWARD = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1q2w3e4r5t6z7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "!@#$%^&*()",
)
KEYBOARD_ROWS = _FORWARD + tuple(row[::-1] for row in _FORWARD)
