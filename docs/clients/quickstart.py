"""The quickstart with a client that openapi-python-client has made: an order, a swap, and both cancellations."""

import os
import sys
import time

from peeker_client import AuthenticatedClient
from peeker_client.api.account import get_me
from peeker_client.api.events import list_events
from peeker_client.api.orders import cancel_order, create_order, get_order, list_order_inboxes
from peeker_client.api.swaps import create_swap, get_swap
from peeker_client.models import (
    CancelOrder,
    CreateSwap,
    CreateSwapType,
    CustomOrder,
    ErrorEnvelope,
    OrderEvent,
    OrderPersona,
    OrderSequencer,
    OrderSequencerProvider,
    OrderStatus,
    SwapStatus,
)

client = AuthenticatedClient(base_url=os.environ["PEEKER_URL"], token=os.environ["PEEKER_API_KEY"])


def done(answer):
    """The object of an answer, or the end."""
    if answer is None or isinstance(answer, ErrorEnvelope):
        sys.exit(f"refused: {answer}")
    return answer.data


def wait(look, status):
    for _ in range(150):
        seen = look()
        if seen.status == status:
            return seen
        time.sleep(0.2)
    sys.exit(f"still {seen.status}, not {status}")


print("partner:", done(get_me.sync(client=client)).partner.name)

order = done(
    create_order.sync(
        client=client,
        body=CustomOrder(
            user="python@example.com",
            sequencer=OrderSequencer(
                provider=OrderSequencerProvider.SMARTLEAD,
                client_id=None,
                login_email="sequencer@example.com",
                login_password="correct horse battery staple",
            ),
            google_licenses=4,
            google_inboxes_per_domain=2,
            domains=["python-one.com", "python-two.com"],
            personas=[OrderPersona(first_name="Sam", last_name="Lee", profile_picture_url=None)],
        ),
    )
)
order = wait(lambda: done(get_order.sync(order.id, client=client)), OrderStatus.COMPLETED)
inboxes = done(list_order_inboxes.sync(order.id, client=client))
print("order:", order.id, order.status, len(inboxes), "inboxes, renews", order.renews_at)

old = inboxes[0]
swap = done(
    create_swap.sync(
        client=client,
        body=CreateSwap(type_=CreateSwapType.STANDARD, domain_id=old.domain_id, replacement_domain="python-three.com"),
    )
)
swap = wait(lambda: done(get_swap.sync(swap.id, client=client)), SwapStatus.COMPLETED)
print("swap:", swap.id, swap.status)

some = done(cancel_order.sync(order.id, client=client, body=CancelOrder(domains=["python-three.com"])))
assert [domain.domain for domain in some.cancelling_domains] == ["python-three.com"], some
whole = done(cancel_order.sync(order.id, client=client))
assert whole.status == OrderStatus.CANCEL_SCHEDULED, whole
print("cancelled:", whole.status, whole.cancels_at)

events = [event for event in done(list_events.sync(client=client, per_page=100)) if event.order_id == order.id]
told = [event.data.inbox_count for event in events if isinstance(event, OrderEvent)]
assert told, events
print("events:", len(events))
