"""`adapters.alpaca` in the real client, against a fake of Alpaca's REST on this machine."""

import json
import re
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from afterclose.adapters.alpaca import FilteredOrders
from afterclose.testing import AllowsAll, BlocksAll
from repository import REPOSITORY

pytest.importorskip("alpaca", reason="alpaca-py is not installed: pip install alpaca-py")
with warnings.catch_warnings():  # its import of websockets.legacy is deprecated
    warnings.simplefilter("ignore")
    from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, PositionIntent, TimeInForce
from alpaca.trading.requests import (
    LimitOrderRequest,
    MarketOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
)

FEATURES = {"rsi_14": 61.5}
ID = "904837e3-3b76-47ec-b432-046db621571b"


class Exchange(BaseHTTPRequestHandler):
    """Answers as Alpaca does to an order, and to the question for a position."""

    position: str | None
    broken: bool
    orders: list[dict[str, Any]]

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.orders.append(order)
        amounts = {name: str(order[name]) for name in ("qty", "notional") if name in order}
        fields = {"id": ID, "client_order_id": "c", "status": "accepted", "legs": None}
        moments = dict.fromkeys(("created_at", "updated_at", "submitted_at"), "2026-01-27T15:00Z")
        self._answer(
            200,
            order | amounts | fields | moments | {"order_class": "simple", "extended_hours": False},
        )

    def do_GET(self) -> None:
        if self.broken:
            self._answer(500, {"message": "internal server error"})
        elif self.position is None:
            self._answer(404, {"code": 40410000, "message": "position does not exist"})
        else:
            numbers = dict.fromkeys(("avg_entry_price", "qty", "cost_basis"), "10")
            place = {"symbol": "AAPL", "exchange": "NASDAQ", "asset_class": "us_equity"}
            self._answer(200, {"asset_id": ID, "side": self.position} | numbers | place)

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


class Client(FilteredOrders, TradingClient):
    strategy = "breakout"


@pytest.fixture
def exchange() -> Iterator[Any]:
    """The handler's class, with its address; it remembers the orders that reach it."""

    class Here(Exchange):
        position, broken, orders, url = None, False, [], ""

    with ThreadingHTTPServer(("127.0.0.1", 0), Here) as server:
        Here.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Here
        server.shutdown()
        thread.join()


def client(exchange: Any, risk: Any) -> Any:
    made = Client("key", "secret", paper=True, url_override=exchange.url)
    made.risk = risk
    return made


def order(side: str = "buy", **more: Any) -> Any:
    amount = {} if "notional" in more else {"qty": 10}
    return MarketOrderRequest(
        **{"symbol": "AAPL", "side": OrderSide(side), "time_in_force": TimeInForce.DAY}
        | amount
        | more
    )


def test_an_allowed_entry_is_sent_as_the_rules_want_it(exchange: Any) -> None:
    risk = AllowsAll()
    bracket = LimitOrderRequest(
        symbol="AAPL", qty=10, side=OrderSide.BUY, time_in_force=TimeInForce.DAY,
        limit_price=100.0, order_class=OrderClass.BRACKET, client_order_id="T-1",
        take_profit=TakeProfitRequest(limit_price=110.0),
        stop_loss=StopLossRequest(stop_price=95.0),
    )  # fmt: skip
    assert client(exchange, risk).submit_order(bracket, features=FEATURES).symbol == "AAPL"
    client(exchange, None).submit_order(bracket)
    assert exchange.orders[0] == exchange.orders[1]
    (question,) = risk.questions
    assert question.features == FEATURES
    about = question.about
    assert about is not None
    assert (about.trade_id, about.symbol, about.side) == ("T-1", "AAPL", "long")
    assert (about.price, about.quantity, about.strategy) == (100.0, 10, "breakout")
    assert (about.stop_price, about.target_price) == (95.0, 110.0)


def test_a_blocked_entry_is_not_sent(exchange: Any) -> None:
    assert client(exchange, BlocksAll()).submit_order(order(), features=FEATURES) is None
    short = order("sell", position_intent=PositionIntent.SELL_TO_OPEN)
    assert client(exchange, BlocksAll()).submit_order(short, features=FEATURES) is None
    assert exchange.orders == []


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({"qty": 10}, 5),
        ({"qty": 2.5}, 1.375),
        ({"qty": 1}, None),
        ({"notional": 33.33}, 18.33),
        ({"notional": 1.5}, None),
    ],
)
def test_a_smaller_entry_is_rounded_down(
    exchange: Any, wanted: dict[str, float], left: float | None
) -> None:
    placed = client(exchange, AllowsAll(0.55)).submit_order(order(**wanted), features=FEATURES)
    assert (placed is None) == (left is None)
    (name,) = wanted
    assert [sent[name] for sent in exchange.orders] == ([] if left is None else [left])


@pytest.mark.parametrize(
    ("held", "sent"),
    [
        ("long", order("sell")),
        ("short", order("buy")),
        (None, order("sell", position_intent=PositionIntent.SELL_TO_CLOSE)),
    ],
)
def test_an_exit_goes_through_even_with_features(
    exchange: Any, held: str | None, sent: Any
) -> None:
    exchange.position, risk = held, BlocksAll()
    assert client(exchange, risk).submit_order(sent, features=FEATURES) is not None
    assert client(exchange, risk).submit_order(sent) is not None
    assert risk.questions == []
    assert [each["qty"] for each in exchange.orders] == [10, 10]


def test_adding_to_a_position_is_an_entry(exchange: Any) -> None:
    exchange.position = "long"
    assert client(exchange, BlocksAll()).submit_order(order(), features=FEATURES) is None


def test_where_the_position_cannot_be_asked_for_the_order_is_the_rules_own(exchange: Any) -> None:
    exchange.broken = True
    assert client(exchange, BlocksAll()).submit_order(order(), features=FEATURES) is not None


def test_the_recipe_runs(exchange: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpaca.common.rest.RESTClient.__init__", _pointed_at(exchange.url))
    text = (REPOSITORY / "docs/recipes/alpaca.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope: dict[str, Any] = {"key": "key", "secret": "secret"}
    exec(code, scope)  # noqa: S102 - the project's own documentation
    assert scope["placed"].symbol == "AAPL"
    (sent,) = exchange.orders
    assert sent["client_order_id"] == "T-1042"


def _pointed_at(url: str) -> Any:
    from alpaca.common.rest import RESTClient

    original = RESTClient.__init__

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named | {"base_url": url})

    return init
