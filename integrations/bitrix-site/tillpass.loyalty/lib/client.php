<?php

namespace Tillpass\Loyalty;

use Bitrix\Main\Config\Option;
use Bitrix\Main\Web\HttpClient;
use Bitrix\Main\Web\Json;

/** Calls while the customer looks on: short time-outs, and null instead of a broken checkout. */
final class Client
{
    /** @return array|null the card of this user: number, balances, links */
    public static function card(int $userId): ?array
    {
        $query = http_build_query([
            'programme' => Option::get(Queue::MODULE, 'programme', ''),
            'external_id' => 'site-' . $userId,
        ]);
        $answer = self::call('GET', '/cards?' . $query);
        return $answer['items'][0] ?? null;
    }

    /** @return array|null earned, redeemable_points, discount_minor, due_minor */
    public static function quote(string $serial, array $receipt): ?array
    {
        return self::call('POST', '/cards/' . rawurlencode($serial) . '/quotes', $receipt);
    }

    /**
     * Sets points aside for the order; they come back by themselves after a quarter of an hour.
     *
     * @param string $attempt the same for the same order, so that a second click holds nothing twice
     * @return array|null `id` goes into the order's property TILLPASS_HOLD
     */
    public static function hold(string $serial, array $receipt, int $points, string $attempt): ?array
    {
        $body = $receipt + ['redeem_points' => $points];
        return self::call('POST', '/cards/' . rawurlencode($serial) . '/holds', $body, 'site-hold-' . $attempt);
    }

    /** Gives the points of an order back that was given up before it was paid. */
    public static function void(string $hold): ?array
    {
        return self::call('POST', '/holds/' . rawurlencode($hold) . '/void', [], 'site-void-' . $hold);
    }

    private static function call(string $method, string $path, ?array $body = null, string $key = ''): ?array
    {
        $http = new HttpClient(['socketTimeout' => 2, 'streamTimeout' => 3, 'redirect' => false]);
        $http->setHeader('Authorization', 'Bearer ' . Option::get(Queue::MODULE, 'api_key', ''));
        $http->setHeader('Content-Type', 'application/json');
        if ($key !== '') {
            $http->setHeader('Idempotency-Key', $key);
        }
        $url = rtrim(Option::get(Queue::MODULE, 'api_url', ''), '/') . '/api/v1' . $path;
        $sent = $body === null ? null : Json::encode((object)$body, JSON_UNESCAPED_UNICODE);
        if (!$http->query($method, $url, $sent) || $http->getStatus() >= 300) {
            return null;
        }
        try {
            return Json::decode($http->getResult());
        } catch (\Throwable $error) {
            return null;
        }
    }
}
