"""Brightwater's last week with Hubbub, as its customers and agents wrote it. Texts only; play.py has them happen."""

from __future__ import annotations

from hub.connector import Attachment, Visibility
from hub.demo.company import ANA, JONAS
from hub.demo.plot import BALKAN, DACH, Scene, answered, asked, corrected, opened, posted, withdrawn

_CRUST = Attachment(
    kind="image",
    url="https://sandbox.example/media/cartridge.jpg",
    media_type="image/jpeg",
    alt="A used filter cartridge lying on a cloth; its lower third is covered by a white crust",
)

STORY: tuple[Scene, ...] = (
    Scene(
        name="manual",
        account=DACH,
        who="lena",
        agent=JONAS,
        beats=(
            asked(166, "@brightwater das Starter-Set ist da, aber im Karton fehlt die Anleitung."),
            answered(165.6, "Das tut uns leid! Eine gedruckte geht heute in die Post, bis dahin hilft die im Netz."),
            asked(165.1, "Mit der aus dem Netz hat es geklappt, das Wasser läuft."),
            answered(165, "Schön zu hören. Der erste Liter darf trüb sein, danach ist er klar."),
        ),
    ),
    Scene(
        name="old_housing",
        account=BALKAN,
        who="milan",
        agent=ANA,
        beats=(
            asked(156, "@brightwater_balkan da li C90 odgovara i starom kućištu, onom sa sivim poklopcem?"),
            answered(155.5, "Da, navoj je isti od prvog modela. Samo zamenite gumicu, dobija se uz uložak."),
        ),
    ),
    Scene(
        name="invoice",
        account=DACH,
        who="tom",
        agent=ANA,
        visibility=Visibility.DIRECT,
        beats=(
            asked(150, "The invoice for order 20304 lists two cartridges. I ordered one and got one."),
            answered(149.2, "You are right, it was booked twice. The money for the second one is on its way back."),
            asked(126, "Arrived, thank you."),
            answered(125.8, "Thank you for telling us. Enjoy the water!"),
        ),
    ),
    Scene(
        name="lying",
        account=DACH,
        who="joanna",
        agent=ANA,
        beats=(
            asked(139, "@brightwater czy filtr może leżeć w szafce, czy musi stać?"),
            answered(138.4, "Lepiej, żeby stał: na leżąco część wody omija wkład."),
        ),
    ),
    Scene(
        name="pick_up",
        account=BALKAN,
        who="darya",
        agent=ANA,
        beats=(
            asked(122, "@brightwater_balkan можно ли забрать стартовый набор в Белграде самой?"),
            answered(121.3, "Пока нет, но по Белграду привозим на следующий день и без доплаты."),
        ),
    ),
    Scene(
        name="article",
        account=DACH,
        who="brightwater",
        beats=(
            posted(
                101,
                "New on the blog: Mira from the lab opened five used cartridges, from 8 to 22 °dH. How long a C90 "
                "really lasts, with pictures and a table.",
            ),
        ),
    ),
    Scene(
        name="article_tom",
        account=DACH,
        who="tom",
        agent=ANA,
        under="article",
        beats=(
            asked(100.4, "22 °dH here, so ten weeks was not my fault after all."),
            answered(99.8, "Not at all. At 22 °dH the lab saw eight to ten weeks, so yours did well."),
            asked(0.9, "Good to know! My sister has 17 °dH in Berlin. Does she get the full 90 days out of one?"),
        ),
    ),
    Scene(
        name="article_lena",
        account=DACH,
        who="lena",
        agent=JONAS,
        under="article",
        beats=(
            asked(98.5, "Gibt es die Tabelle auch zum Ausdrucken?"),
            answered(97.9, "Ja, ganz unten im Artikel, auf einer Seite für den Kühlschrank."),
        ),
    ),
    Scene(
        name="article_milan",
        account=DACH,
        who="milan",
        under="article",
        beats=(asked(6.2, "Odličan tekst. Hoće li biti i na srpskom?"),),
    ),
    Scene(
        name="article_joanna",
        account=DACH,
        who="joanna",
        under="article_tom",
        beats=(asked(1.6, "A przy 10 °dH? W tabeli jest tylko 8 i 12."),),
    ),
    Scene(
        name="seal",
        account=DACH,
        who="lena",
        agent=JONAS,
        warning="Reklamation",
        beats=(
            asked(75, "@brightwater heute früh stand Wasser unter der Spüle: die Dichtung am Anschluss ist gerissen."),
            answered(74.6, "Das darf nicht sein. Eine neue Dichtung ist per Express unterwegs, morgen ist sie da."),
            asked(2.4, "Die Dichtung ist da, aber sie ist zu klein. Ist das die für das 22er-Gewinde?"),
        ),
    ),
    Scene(
        name="one_of_two",
        account=BALKAN,
        who="milan",
        agent=ANA,
        visibility=Visibility.DIRECT,
        beats=(
            asked(66, "Porudžbina 20577: naručio sam dva uloška, stigao je jedan."),
            answered(65.2, "Izvinite! Drugi šaljemo još danas, bez troškova za Vas."),
            asked(3.8, "Stigao je i drugi, ali je kutija mokra. Da li je uložak još u redu?"),
        ),
    ),
    Scene(
        name="address",
        account=DACH,
        who="lena",
        agent=JONAS,
        beats=(
            asked(50, "@brightwater Bestellung 17140 bitte an die neue Adresse: Sanderstraße 12, 97070 Würzburg."),
            answered(49.7, "Ist geändert. Löschen Sie den Beitrag besser wieder: hier liest jeder Ihre Adresse mit."),
            withdrawn(49.5),
        ),
    ),
    Scene(
        name="lamp",
        account=BALKAN,
        who="darya",
        agent=ANA,
        beats=(
            asked(31, "@brightwater_balkan лампочка на крышке не горит. Это батарейка или пора менять картридж?"),
            answered(30.4, "Подержите кнопку пять секунд: зелёный значит ещё хватит, красный значит пора."),
            asked(9.5, "Загорелась жёлтым. Такого в инструкции нет."),
            opened(9.2),
        ),
    ),
    Scene(
        name="offer",
        account=DACH,
        who="joanna",
        agent=JONAS,
        beats=(
            asked(26, "@brightwater czy promocja na dwupak C90 jeszcze trwa?"),
            answered(25.5, "Tak, do końca miesiąca.", fate="closed"),
        ),
    ),
    Scene(
        name="crust",
        account=DACH,
        who="tom",
        agent=ANA,
        beats=(
            asked(20, "@brightwater is this limescale or should I worry? My C90 looks like this:", picture=_CRUST),
            opened(19),
        ),
    ),
    Scene(
        name="company_invoice",
        account=DACH,
        who="lena",
        agent=JONAS,
        visibility=Visibility.DIRECT,
        beats=(
            asked(18, "Können Sie die Rechnung zu 17140 auf meine Firma umschreiben?"),
            answered(17.4, "Gern. Auf welchen Namen und welche Anschrift soll sie lauten?"),
        ),
    ),
    Scene(
        name="used_ones",
        account=BALKAN,
        who="milan",
        beats=(asked(7.3, "@brightwater_balkan gde u Novom Sadu mogu da ostavim stare uloške za reciklažu?"),),
    ),
    Scene(
        name="plastic_window",
        account=DACH,
        who="tom",
        agent=ANA,
        beats=(
            asked(5.6, "@brightwater can I use the descaler in a kettle with a plastic window?"),
            answered(5.1, "Yes. Keep it under 60 °C and rinse twice, then the window stays clear.", fate="lost"),
        ),
    ),
    Scene(
        name="not_sent_yet",
        account=DACH,
        who="joanna",
        beats=(
            asked(3.1, "@brightwater zamówienie 20531 miało wyjść w środę i nic."),
            corrected(
                3, "@brightwater zamówienie 20531 miało wyjść w poniedziałek i nic. Kiedy mam się go spodziewać?"
            ),
        ),
    ),
    Scene(
        name="recycling",
        account=DACH,
        who="tom",
        beats=(asked(0.75, "@brightwater the shop page says you take the used ones back. How do I send you three?"),),
    ),
    Scene(
        name="tomorrow",
        account=BALKAN,
        who="darya",
        visibility=Visibility.DIRECT,
        beats=(asked(0.4, "Здравствуйте! Курьер приезжал, но я была на работе. Можно перенести доставку на завтра?"),),
    ),
    Scene(
        name="drips",
        account=DACH,
        who="joanna",
        beats=(asked(0.2, "@brightwater po wymianie wkład trochę kapie. Dokręcić mocniej czy wymienić?"),),
    ),
)
