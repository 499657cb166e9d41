"""The address of a card as a picture that a CRM can send."""

import io

from PIL import Image

from tests.support.web_app import WebShop


def test_the_address_of_a_card_is_a_picture_and_nothing_else_is(shop: WebShop) -> None:
    shop.open_programme()
    anna = shop.customer("beans")

    answer = shop.visitor().sees(f"/c/{anna.link}/qr.png")

    assert "image/png" == answer.mimetype
    with Image.open(io.BytesIO(answer.get_data())) as picture:
        assert picture.width == picture.height > 150
    for link in ("nobody", anna.serial, "%00"):
        assert 404 == shop.visitor().client.get(f"/c/{link}/qr.png").status_code
