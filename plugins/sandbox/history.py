"""Three weeks of Brightwater's past: conversations that were had before the hub first looked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hub.connector import Visibility

if TYPE_CHECKING:
    from .network import Network

US = "brightwater"


@dataclass(frozen=True, slots=True)
class Turn:
    """`who` speaks `minutes` after what stood before."""

    who: str
    text: str
    minutes: float = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A conversation that began `days` before today, in a past of three weeks."""

    days: float
    turns: tuple[Turn, ...]
    visibility: Visibility = Visibility.PUBLIC
    warning: str = ""
    deleted: frozenset[int] = field(default_factory=frozenset)


def play(network: Network, now: datetime, weeks: float, *, loose_ends: bool) -> None:
    """Write every story, its days stretched to `weeks`; one of a single turn is a loose end."""
    for story in STORIES:
        if loose_ends or len(story.turns) > 1:
            _tell(network, story, now, now - timedelta(days=story.days * weeks / 3))


def _tell(network: Network, story: Story, now: datetime, start: datetime) -> None:
    parent, at = None, start
    for index, turn in enumerate(story.turns):
        at += timedelta(minutes=turn.minutes if index else 0)
        parent = network.person(turn.who).says(
            turn.text,
            to=None if turn.who == US else f"@{US}",
            parent=parent,
            at=min(at, now),
            visibility=story.visibility,
            warning=story.warning,
        )
        if index in story.deleted:
            network.deletes(parent)


STORIES: tuple[Story, ...] = (
    Story(
        days=20.8,
        turns=(
            Turn("lena", "@brightwater wann kommt das Starter-Set wieder? Seit Mai ausverkauft."),
            Turn(US, "Ab Donnerstag ist es wieder da. Sollen wir Ihnen eins zurücklegen?", 34),
            Turn("lena", "Ja bitte! Brandt, Würzburg.", 12),
            Turn(US, "Liegt bereit, die Bestellnummer ist 17102.", 18),
            Turn("lena", "Perfekt, danke für die schnelle Hilfe!", 9),
        ),
    ),
    Story(
        days=19.2,
        turns=(
            Turn("tom", "@brightwater which thread does the starter kit come with? My tap says 22 mm."),
            Turn(US, "M22 inside and M24 outside are both in the box, so 22 mm is fine.", 51),
            Turn("tom", "That answers it. Ordered!", 7),
        ),
    ),
    Story(
        days=17.5,
        visibility=Visibility.DIRECT,
        turns=(
            Turn("joanna", "Dzień dobry, zamówienie 20101: w paczce brakuje jednego wkładu C90."),
            Turn(US, "Przepraszamy! Wysyłamy brakujący wkład jeszcze dziś, bez kosztów.", 63),
            Turn("joanna", "Dziękuję, doszło. 😊", 2880),
        ),
    ),
    Story(
        days=16.1,
        turns=(
            Turn("milan", "@brightwater da li šaljete u Suboticu?"),
            Turn(US, "Šaljemo u celu Srbiju, do Subotice stiže za dva dana.", 25),
            Turn("milan", "Super, hvala!", 4),
        ),
    ),
    Story(
        days=14.0,
        turns=(
            Turn(US, "Hard water week on the blog: Mira from the lab shows what scale does to a cartridge in 90 days."),
            Turn("tom", "Finally somebody shows the inside of one. At which hardness was that?", 95),
            Turn(US, "14 °dH, about the middle of the map. At 20 °dH expect ten weeks.", 40),
            Turn("milan", "A kod nas u Subotici?", 22),
        ),
    ),
    Story(
        days=13.3,
        turns=(
            Turn("darya", "@brightwater можно ли чистить вашим средством бойлер на 50 литров?"),
            Turn(US, "Да, на 50 литров нужно три пакетика, выдержать час и дважды промыть.", 130),
            Turn("darya", "Спасибо, очень помогли!", 15),
        ),
    ),
    Story(
        days=11.6,
        warning="Reklamation",
        turns=(
            Turn("lena", "@brightwater der Deckel vom Filter hat nach zwei Wochen einen Riss."),
            Turn(US, "Das soll nicht sein. Ein neuer Deckel ist unterwegs, den alten brauchen wir nicht zurück.", 28),
            Turn("lena", "Angekommen und passt. Alles klar, danke.", 4100),
        ),
    ),
    Story(
        days=10.2,
        turns=(
            Turn("joanna", "@brightwater czy odkamieniacz jest bezpieczny dla aluminium?"),
            Turn(US, "Do aluminium prosimy go nie używać, tylko do stali i szkła.", 47),
            Turn("joanna", "Dobrze wiedzieć, dziękuję.", 10),
        ),
    ),
    Story(
        days=8.7,
        visibility=Visibility.UNLISTED,
        turns=(
            Turn("tom", "@brightwater my order 20288 says delivered, my porch says otherwise."),
            Turn(US, "Sorry! The courier left it at number 14. Could you look there first?", 19),
            Turn("tom", "Found it, the neighbour's cat was guarding it. Cheers.", 190),
        ),
    ),
    Story(
        days=7.4,
        deleted=frozenset({2}),
        turns=(
            Turn("milan", "@brightwater koliko dana traje C90 na 18 stepeni?"),
            Turn(US, "Oko 75 dana. Lampica Vas upozori na vreme.", 33),
            Turn("milan", "Mislio sam da je 90 uvek 90...", 3),
        ),
    ),
    Story(
        days=5.9,
        turns=(
            Turn("darya", "@brightwater вы доставляете в Нови-Сад до субботы?"),
            Turn(US, "Если заказать сегодня до 16:00, приедет в пятницу.", 21),
            Turn("darya", "Заказала!", 26),
        ),
    ),
    Story(
        days=4.3,
        turns=(
            Turn("lena", "@brightwater 20 °dH in Würzburg, reicht da ein C90 im Quartal?"),
            Turn(US, "Eher zehn Wochen statt dreizehn. Im Doppelpack kommen Sie gut durchs Quartal.", 42),
            Turn("tom", "@lena same here at 19, I changed mine after eleven weeks.", 31),
        ),
    ),
    Story(
        days=2.1,
        visibility=Visibility.FOLLOWERS,
        turns=(
            Turn("joanna", "@brightwater kiedy wróci dwupak C90 do sklepu?"),
            Turn(US, "W poniedziałek rano, mamy już nową dostawę w magazynie.", 55),
            Turn("joanna", "Świetnie, poczekam.", 6),
        ),
    ),
    Story(
        days=0.4,
        visibility=Visibility.DIRECT,
        turns=(Turn("darya", "Спасибо за заказ 20455! А можно получить чек на электронную почту?"),),
    ),
    Story(
        days=0.15,
        turns=(Turn("milan", "@brightwater mapa tvrdoće staje kod Novog Sada, hoćete li dodati i Suboticu?"),),
    ),
    Story(
        days=0.05,
        warning="reklamacja",
        turns=(Turn("joanna", "@brightwater zamówienie 20418: paczkę zostawiono u sąsiada, który się wyprowadził."),),
    ),
)
