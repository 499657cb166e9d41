<?php

namespace Tillpass\Loyalty;

use Bitrix\Main\Event;
use Bitrix\Main\Loader;
use Bitrix\Sale\Order;
use Bitrix\Sale\Payment;

/** What the site tells; each handler writes one row and never lets a purchase fail. */
final class Handlers
{
    private const UTM = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'];

    public static function onUserRegister(&$fields): void
    {
        self::user('user.register', (int)($fields['USER_ID'] ?? 0), true);
    }

    /** Also whom the shop's checkout or an administrator adds. */
    public static function onUserAdd(&$fields): void
    {
        self::user('user.register', (int)($fields['ID'] ?? 0), true);
    }

    public static function onUserUpdate(&$fields): void
    {
        if (!empty($fields['RESULT'])) {
            self::user('user.update', (int)$fields['ID'], false);
        }
    }

    public static function onUserDelete($id): void
    {
        self::quietly(function () use ($id) {
            Queue::add('user.delete', ['id' => (string)$id]);
        });
    }

    public static function onOrderPaid(Event $event): void
    {
        self::quietly(function () use ($event) {
            $order = $event->getParameter('ENTITY');
            if ($order instanceof Order && $order->isPaid()) {
                Queue::add('order.paid', Facts::order($order));
            }
        });
    }

    public static function onOrderCanceled(Event $event): void
    {
        self::quietly(function () use ($event) {
            $order = $event->getParameter('ENTITY');
            if ($order instanceof Order && $order->isCanceled()) {
                Queue::add('order.canceled', ['id' => (string)$order->getId(), 'paid' => $order->isPaid()]);
            }
        });
    }

    /** Money that goes back to the customer: "Возврат оплаты" in the order. */
    public static function onPaymentSaved(Event $event): void
    {
        self::quietly(function () use ($event) {
            $payment = $event->getParameter('ENTITY');
            if ($payment instanceof Payment && $payment->isReturn()) {
                self::returned((int)$payment->getOrderId(), 'p' . $payment->getId(), (float)$payment->getSum());
            }
        });
    }

    /** For shops that keep returns in another way: call it with an id of the return, once or often. */
    public static function returned(int $order, string $return, ?float $amount = null): void
    {
        $body = ['id' => $return, 'order' => (string)$order];
        Queue::add('order.returned', $amount === null ? $body : $body + ['amount' => Facts::money($amount)]);
    }

    private static function user(string $event, int $id, bool $isNew): void
    {
        if ($id <= 0) {
            return;
        }
        self::quietly(function () use ($event, $id, $isNew) {
            $facts = Facts::user($id);
            if ($facts !== null) {
                Queue::add($event, $isNew ? $facts + ['utm' => (object)self::utm()] : $facts);
            }
        });
    }

    /** What brought the visitor, from a cookie that the site sets at the first page. */
    private static function utm(): array
    {
        $said = [];
        parse_str((string)($_COOKIE['tillpass_utm'] ?? ''), $said);
        return array_intersect_key(array_filter($said, 'is_string'), array_flip(self::UTM));
    }

    /** The site goes on whatever happens here; what went wrong stands in the event log. */
    private static function quietly(callable $what): void
    {
        try {
            Loader::includeModule('sale');
            $what();
        } catch (\Throwable $error) {
            \CEventLog::Add([
                'SEVERITY' => 'ERROR',
                'AUDIT_TYPE_ID' => 'TILLPASS_QUEUE',
                'MODULE_ID' => Queue::MODULE,
                'ITEM_ID' => get_class($error),
                'DESCRIPTION' => $error->getMessage(),
            ]);
        }
    }
}
