"""What the door's tests hold in their hands: one running application, and callers of each role."""

from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.tools import Tools
from storage.schema import audit
from tests.unit.api.api_seed import PASSWORD, Seeded


@dataclass(frozen=True, slots=True)
class House:
    """One running application on its own copy of the seeded data."""

    app: FastAPI
    tools: Tools
    seeded: Seeded

    def client(self, role: str = "", **options: object) -> TestClient:
        """A program with the bearer token of `role`; without a role, nobody."""
        client = TestClient(self.app, base_url="http://vanthu.test", **options)
        if role:
            client.headers["Authorization"] = f"Bearer {self.seeded.tokens[role]}"
        return client

    def browser(self, role: str) -> TestClient:
        """A signed-in browser; its CSRF token is in the headers."""
        client = TestClient(self.app, base_url="http://vanthu.test")
        answer = client.post("/api/v1/sessions", json={"login": role, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    def events(self, action: str) -> list[tuple[str, str, str]]:
        """(actor, object, outcome) of every audit event of one kind, oldest first."""
        with self.tools.work.tables.reading() as connection:
            rows = connection.execute(audit.select().where(audit.c.action == action).order_by(audit.c.seq))
            return [(row.actor, row.object, row.outcome) for row in rows]
