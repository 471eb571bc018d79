"""Several administrators drag units about and add some, all at once, in the real admin: the tree's numbers stay right."""

from __future__ import annotations

import http.client
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from tests.faults.browser import Browser, NoAnswer
from tests.faults.site import Site
from tests.unit_builders import LEVELS, tree
from units.checking import check_units
from units.models import Unit

# It brings a PostgreSQL of its own, which it restarts; what the rest of the suite runs on doesn't matter, so it is run once.
pytestmark = pytest.mark.postgresql

OUTLINE = {p: {f"{p}{d}": {f"{p}{d}{c}": [f"{p}{d}{c}{h}" for h in "12"] for c in "123"} for d in "123"} for p in "PQR"}
ADMINISTRATORS = [f"admin{number}" for number in range(4)]
PASSWORD = "mot mat khau dai"
#: things that each administrator does in a round
DEEDS = 40
#: seconds before somebody tries again who got no answer
PAUSE = 0.1


@dataclass
class Administrator:
    """Drags and adds by chance; keeps what the pages said was done, and what got no answer."""

    browser: Browser
    chance: random.Random
    keys: dict[str, list[int]]
    levels: dict[str, int]
    added: set[str] = field(default_factory=set)
    perhaps_added: set[str] = field(default_factory=set)
    answered: int = 0
    moved: int = 0
    refused: int = 0

    def work(self) -> None:
        """Do as many things as are to be done in a round, however often there is no answer."""
        while self.answered < DEEDS:
            try:
                if not self.browser.is_signed_in:
                    self.browser.sign_in()
                (self.drag if self.chance.random() < 0.7 else self.add)()
                self.answered += 1
            except NoAnswer:
                time.sleep(PAUSE)

    def drag(self) -> None:
        """A commune or a district onto another superior, or, which has to be refused, onto a hamlet."""
        level, above = self.chance.choice([("commune", "district"), ("district", "province"), ("hamlet", "commune"), ("commune", "hamlet")])
        place = {"unit": self.chance.choice(self.keys[level]), "superior": self.chance.choice(self.keys[above])}
        status = self.browser.post("/admin/units/unit/tree/move/", place).status
        assert status in (http.client.OK, http.client.CONFLICT)
        self.moved += status == http.client.OK
        self.refused += status == http.client.CONFLICT

    def add(self) -> None:
        uid = f"{self.browser.name}-{self.chance.randrange(10**9)}"
        unit = {"uid": uid, "code": "", "name": f"Thôn {uid}", "name_en": "", "kind": "territory", "level": self.levels["hamlet"]}
        place = {"parent": self.chance.choice(self.keys["commune"]), "valid_from": "", "valid_to": "", "position": 0, "agency_id": ""}
        self.perhaps_added.add(uid)
        answer = self.browser.post("/admin/units/unit/add/", unit | place)
        assert answer.status == http.client.FOUND, answer.body
        self.added.add(uid)


@pytest.fixture(scope="module")
def web(site: Site) -> Site:
    """The site with its pages alone, over three provinces."""
    tree(OUTLINE)
    for name in ADMINISTRATORS:
        get_user_model().objects.create_superuser(name, password=PASSWORD)
    site.web.start()
    site.wait_until(site.answers, "the pages")
    return site


def administrators(site: Site, chance: random.Random) -> list[Administrator]:
    keys = {code: list(Unit.objects.filter(level__code=code).order_by("pk").values_list("pk", flat=True)) for code in LEVELS}
    levels = dict(Unit.objects.order_by().values_list("level__code", "level_id").distinct())
    return [Administrator(Browser(site.port, name, PASSWORD), random.Random(chance.random()), keys, levels) for name in ADMINISTRATORS]


def have_done(team: list[Administrator], deeds: int) -> bool:
    return sum(each.answered for each in team) >= deeds


def test_units_dragged_and_added_by_several_at_once_stand_where_the_numbers_say(web: Site, chance: random.Random, rounds: int):
    for _ in range(rounds):
        before = Unit.objects.count()
        team = administrators(web, chance)
        with ThreadPoolExecutor(len(team)) as pool:
            list(pool.map(Administrator.work, team))
        assert list(check_units().problems) == []
        assert Unit.objects.count() == before + sum(len(each.added) for each in team)
        assert min(sum(each.moved for each in team), sum(each.refused for each in team)) > 0


def test_the_numbers_are_right_when_web_server_and_database_fail_under_them(web: Site, chance: random.Random, rounds: int):
    for _ in range(rounds):
        before = set(Unit.objects.values_list("uid", flat=True))
        team = administrators(web, chance)
        with ThreadPoolExecutor(len(team)) as pool:
            working = [pool.submit(each.work) for each in team]
            web.wait_until(partial(have_done, team, DEEDS), "the first deeds")
            web.restart_database(chance.choice(["fast", "immediate"]))
            web.wait_until(partial(have_done, team, 2 * DEEDS), "more deeds")
            web.web.kill()
            web.web.start()
            for each in working:
                each.result()
        connection.close()
        assert list(check_units().problems) == []
        found = set(Unit.objects.values_list("uid", flat=True)) - before
        assert set.union(*(each.added for each in team)) <= found <= set.union(*(each.perhaps_added for each in team))
