<?php

namespace Tillpass\Loyalty;

use Bitrix\Main\UserTable;
use Bitrix\Sale\Order;

/** Users and orders of the site as the contract names them. */
final class Facts
{
    /** @return array|null nothing for a user who is gone */
    public static function user(int $id): ?array
    {
        $row = UserTable::getById($id)->fetch();
        if (!$row) {
            return null;
        }
        $birthday = $row['PERSONAL_BIRTHDAY'] ?? null;
        return array_filter([
            'id' => (string)$id,
            'phone' => (string)($row['PERSONAL_MOBILE'] ?: $row['PERSONAL_PHONE']),
            'email' => (string)$row['EMAIL'],
            'name' => (string)$row['NAME'],
            'last_name' => (string)$row['LAST_NAME'],
            'birthday' => $birthday ? $birthday->format('Y-m-d') : '',
            'city' => (string)$row['PERSONAL_CITY'],
        ], 'strlen');
    }

    /** Money without delivery; what points paid is a part of it. */
    public static function order(Order $order): array
    {
        $discount = (float)self::property($order, 'TILLPASS_DISCOUNT');
        $items = [];
        foreach ($order->getBasket() as $item) {
            $items[] = [
                'sku' => (string)($item->getField('PRODUCT_XML_ID') ?: $item->getProductId()),
                'quantity' => (float)$item->getQuantity(),
                'amount' => self::money($item->getFinalPrice()),
            ];
        }
        return [
            'id' => (string)$order->getId(),
            'user' => self::buyer($order),
            'amount' => self::money($order->getPrice() - $order->getDeliveryPrice() + $discount),
            'currency' => (string)$order->getCurrency(),
            'points' => (int)self::property($order, 'TILLPASS_POINTS'),
            'hold' => (string)self::property($order, 'TILLPASS_HOLD'),
            'items' => $items,
        ];
    }

    /** `1990.00`: a number of PHP would lose kopecks on its way. */
    public static function money($amount): string
    {
        return number_format((float)$amount, 2, '.', '');
    }

    /** The buyer as the order has them: a guest typed a phone number there. */
    private static function buyer(Order $order): array
    {
        $said = $order->getPropertyCollection();
        $phone = $said->getPhone();
        $email = $said->getUserEmail();
        return [
            'id' => (string)$order->getUserId(),
            'phone' => $phone ? (string)$phone->getValue() : '',
            'email' => $email ? (string)$email->getValue() : '',
        ];
    }

    private static function property(Order $order, string $code): string
    {
        $property = $order->getPropertyCollection()->getItemByOrderPropertyCode($code);
        return $property ? (string)$property->getValue() : '';
    }
}
