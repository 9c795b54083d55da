"""How a phone's record changes, and with it which agents could take a call there."""

from queues.centre.index import index_agent, set_deadline
from queues.centre.inputs.house import PlaceState
from queues.centre.state import Agent, Centre, DeadlineKind, Place
from queues.ids import OfferId


def rest_place(centre: Centre, place: Place, until: float | None) -> None:
    set_deadline(centre, DeadlineKind.PLACE_REST, place.place, old=place.rest_until, new=until)
    place.rest_until = until
    _index_place(centre, place)


def note_place(centre: Centre, place: Place, state: PlaceState) -> None:
    was, place.state = place.state, state
    if was is PlaceState.UNREACHABLE:
        forgive_place(centre, place)
    else:
        _index_place(centre, place)


def forgive_place(centre: Centre, place: Place) -> None:
    place.unexplained = 0
    rest_place(centre, place, None)


def occupy(centre: Centre, place: Place, offer: OfferId) -> None:
    place.offer = offer
    _index_place(centre, place)


def leave_place(centre: Centre, place: Place, agent: Agent) -> None:
    place.offer = None
    _index_place(centre, place)
    index_agent(centre, agent)  # who may sit elsewhere since the settings changed
    forget_unused(centre, place)


def forget_unused(centre: Centre, place: Place) -> None:
    """Forget a phone where nobody sits any more, with the last offer that was alive at it."""
    if not place.agents and place.offer is None:
        rest_place(centre, place, None)
        del centre.places[place.place]


def _index_place(centre: Centre, place: Place) -> None:
    for name in place.agents:
        index_agent(centre, centre.agents[name])
