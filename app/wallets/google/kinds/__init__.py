"""The kinds of cards that Google knows and a shop can use: one file each, and what they share in `base`."""

from __future__ import annotations

from collections.abc import Collection
from types import ModuleType

from app.domain.design import Design
from app.domain.google_look import Kind
from app.domain.passes import Pass

from . import base, generic, gift_card, loyalty, offer
from .parts import Json, said

_KINDS: dict[Kind, ModuleType] = {
    "loyalty": loyalty,
    "offer": offer,
    "gift_card": gift_card,
    "generic": generic,
}


def class_body(face: Pass, design: Design, issuing: base.Issuing, kind: Kind) -> Json:
    """The class that this face belongs to, whole."""
    own = _KINDS[kind].class_body(face, design, issuing)
    body = {"id": base.pass_class_id(face, issuing.issuer_id, kind), **base.class_parts(face, issuing), **own}
    return base.kept(kind, "Class", body)


def object_body(
    face: Pass, issuing: base.Issuing, kind: Kind, *, secret: str = "", known: Collection[str] = ()
) -> Json:
    """The object that this face is, whole. `secret`: key of a rotating barcode in base 16; `known`: ids of
    objects that exist and may be linked.
    """
    own = _KINDS[kind].object_body(face, issuing)
    shared = base.object_parts(face, issuing, _KINDS[kind].object_fields(face), secret, known)
    body = {
        "id": base.object_id(issuing.issuer_id, face.serial),
        "classId": base.pass_class_id(face, issuing.issuer_id, kind),
        **own,
        **said(shared),
    }
    return base.kept(kind, "Object", body)
