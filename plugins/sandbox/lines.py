"""What the customers of Brightwater say, in their own languages. Texts only; people.py decides who says what when."""

from __future__ import annotations

from dataclasses import dataclass

from hub.connector import Attachment, Visibility

from .model import Person, Words
from .pictures import ADDRESS

PEOPLE = (
    Person(key="lena", handle="@lena", name="Lena Brandt", language="de"),
    Person(key="milan", handle="@milan", name="Milan Petrović", language="sr"),
    Person(key="tom", handle="@tom", name="Tom O'Hara", language="en"),
    Person(key="joanna", handle="@joanna", name="Joanna Wójcik", language="pl"),
    Person(key="darya", handle="@darya", name="Дарья Кузнецова", language="ru"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What follows an opening before we answer: another person joins in, or the writer corrects the text."""

    person: str
    text: str
    after: float
    corrects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a person starts a conversation."""

    person: str
    words: Words
    asides: tuple[Aside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """detail: the answer to a question of ours. further: what comes to mind after an answer of ours."""

    detail: str
    further: str


ANSWERS: dict[str, dict[str, Lines]] = {
    "cartridge": {
        "de": Lines(
            detail="Eingesetzt habe ich sie vor genau zehn Wochen, wir sind zu viert.",
            further="Danke! Und kann ich die alte Kartusche irgendwo zurückgeben?",
        ),
        "sr": Lines(
            detail="Stavio sam ga pre nekih jedanaest nedelja, nas je troje u kući.",
            further="Hvala! A da li se stari uložak može vratiti negde u Novom Sadu?",
        ),
        "en": Lines(
            detail="It went in about eleven weeks ago, two adults and a very thirsty dog.",
            further="Thanks! Does the old C90 go in the recycling or back to you?",
        ),
        "pl": Lines(
            detail="Włożyłam go jakieś dziesięć tygodni temu, jest nas dwoje.",
            further="Dziękuję! A czy zużyty wkład C90 mogę gdzieś oddać?",
        ),
        "ru": Lines(
            detail="Поставила около десяти недель назад, нас двое.",
            further="Спасибо! А старый картридж можно куда-нибудь сдать?",
        ),
    },
    "hardness": {
        "de": Lines(
            detail="Laut Stadtwerk 20 °dH, Postleitzahl 97070.",
            further="Gut zu wissen. Gibt es eine Tabelle, welche Härte wie viele Tage bedeutet?",
        ),
        "sr": Lines(
            detail="Subotica, Radijalac. Vodovod kaže oko 18 stepeni.",
            further="Super. A hoće li mapa uskoro imati i Suboticu?",
        ),
        "en": Lines(
            detail="The strip says 'very hard', somewhere past 18 °dH. Online order, if that matters.",
            further="Got it. Is there a table for how long a C90 lasts at each hardness?",
        ),
        "pl": Lines(
            detail="Wodociągi podają 290 mg/l, mieszkam w Krakowie.",
            further="Jasne. Czy przy takiej twardości wkład wytrzyma 90 dni?",
        ),
        "ru": Lines(
            detail="Тест-полоска показывает 16 °dH, живу в Белграде.",
            further="Понятно. А на сколько дней тогда хватит картриджа?",
        ),
    },
    "starter_kit": {
        "de": Lines(
            detail="Außengewinde, die Dichtung misst 24 Millimeter.",
            further="Prima. Liegt der Adapter im Starter-Set bei oder muss ich ihn dazubestellen?",
        ),
        "sr": Lines(
            detail="Spoljni navoj, meri se 22 milimetra.",
            further="Odlično. Da li adapter stiže u kutiji?",
        ),
        "en": Lines(
            detail="Outside thread, 22 mm across with my calipers. 📏",
            further="Lovely. Is the adapter in the box, or do I order it separately?",
        ),
        "pl": Lines(
            detail="Gwint zewnętrzny, zmierzyłam: 22 mm.",
            further="Super. Czy adapter jest w zestawie?",
        ),
        "ru": Lines(
            detail="Резьба наружная, по штангенциркулю 22 мм.",
            further="Отлично. А переходник идёт в наборе?",
        ),
    },
    "descaler": {
        "de": Lines(
            detail="Ein Wasserkocher aus Edelstahl, anderthalb Liter.",
            further="Und wie oft soll ich das bei uns machen?",
        ),
        "sr": Lines(
            detail="Kuvalo od nerđajućeg čelika, litar i po.",
            further="A koliko često to da radim?",
        ),
        "en": Lines(
            detail="A steel kettle, 1.7 litres, quite furry inside.",
            further="And how often should I do that here?",
        ),
        "pl": Lines(
            detail="Czajnik stalowy, półtora litra.",
            further="A jak często powinnam to robić?",
        ),
        "ru": Lines(
            detail="Стальной чайник, полтора литра.",
            further="А как часто это делать?",
        ),
    },
    "delivery": {
        "de": Lines(
            detail="Die Bestellnummer ist 19877.",
            further="Danke. Bekomme ich eine Nachricht, wenn das Paket unterwegs ist?",
        ),
        "sr": Lines(
            detail="Broj porudžbine je 20377.",
            further="Hvala. Hoću li dobiti poruku kad krene?",
        ),
        "en": Lines(
            detail="Order 20391, placed on Monday.",
            further="Cheers. Will I get a tracking link?",
        ),
        "pl": Lines(
            detail="Numer zamówienia 20418.",
            further="Dziękuję. A jeśli paczka już nie wróci, wyślą Państwo nową?",
        ),
        "ru": Lines(
            detail="Номер заказа 20455.",
            further="Спасибо! А можно получить чек на электронную почту?",
        ),
    },
}

THANKS: dict[str, tuple[str, ...]] = {
    "de": ("Perfekt, danke für die schnelle Hilfe!", "Alles klar, danke.", "👍"),
    "sr": ("Odlično, hvala na brzom odgovoru!", "Važi, hvala.", "👍"),
    "en": ("Brilliant, that answers it. Thanks!", "Will do, cheers.", "👍"),
    "pl": ("Świetnie, dziękuję za szybką pomoc!", "Dobrze, dziękuję.", "👍"),
    "ru": ("Отлично, спасибо за быстрый ответ!", "Хорошо, спасибо.", "👍"),
}

OPENINGS: tuple[Opening, ...] = (
    Opening(
        person="lena",
        words=Words(
            topic="cartridge",
            text=(
                "@{account} meine Kartuschenanzeige ist nach zehn Wochen schon rot."
                " Ist das bei hartem Wasser normal, oder brauche ich eine neue?"
            ),
        ),
    ),
    Opening(
        person="tom",
        words=Words(
            topic="starter_kit",
            text="@{account} does the starter kit fit a tap with an outside thread? Mine looks like this:",
            attachments=(
                Attachment(
                    kind="image",
                    url=f"{ADDRESS}tap.jpg",
                    media_type="image/jpeg",
                    alt="A chrome kitchen tap without its aerator; the thread is on the outside",
                    size=184_320,
                ),
            ),
        ),
        asides=(Aside(person="joanna", text="@tom mine has the same thread, I would love to know too.", after=25),),
    ),
    Opening(
        person="darya",
        words=Words(
            topic="delivery",
            visibility=Visibility.DIRECT,
            text="@{account} здравствуйте! Заказ оплачен три дня назад, а письма с номером посылки нет. Где он?",
        ),
    ),
    Opening(
        person="milan",
        words=Words(
            topic="hardness",
            text="@{account} koliko je tvrda voda u Subotici? Vaša mapa staje kod Novog Sada.",
        ),
        asides=(
            Aside(
                person="milan",
                text="@{account} koliko je tvrda voda u Subotici? Vaša mapa se završava kod Novog Sada.",
                after=20,
                corrects=True,
            ),
        ),
    ),
    Opening(
        person="joanna",
        words=Words(
            topic="delivery",
            warning="reklamacja",
            text="@{account} paczkę zostawiono u sąsiada, który się wyprowadził. Co teraz?",
        ),
    ),
    Opening(
        person="lena",
        words=Words(
            topic="descaler",
            visibility=Visibility.UNLISTED,
            text="@{account} wie viel Entkalker nehme ich für einen Wasserkocher, einen ganzen Beutel?",
        ),
    ),
    Opening(
        person="tom",
        words=Words(
            topic="hardness",
            text="@{account} moved house, the water here is rock hard 🪨 Will my C90 still last 90 days?",
        ),
    ),
    Opening(
        person="joanna",
        words=Words(
            topic="starter_kit",
            text="@{account} czy zestaw startowy pasuje do kranu z gwintem zewnętrznym 22 mm?",
        ),
    ),
    Opening(
        person="milan",
        words=Words(
            topic="cartridge",
            visibility=Visibility.FOLLOWERS,
            text="@{account} gde mogu da kupim dva C90 uloška odjednom, ima li popusta?",
        ),
    ),
    Opening(
        person="darya",
        words=Words(
            topic="descaler",
            text="@{account} подойдёт ли ваше средство от накипи для кофемашины? Вот что внутри:",
            attachments=(
                Attachment(
                    kind="image",
                    url=f"{ADDRESS}scale.jpg",
                    media_type="image/jpeg",
                    alt="Бак кофемашины изнутри, стенки покрыты белым налётом",
                    size=142_001,
                ),
            ),
        ),
    ),
)
