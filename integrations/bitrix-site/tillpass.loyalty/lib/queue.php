<?php

namespace Tillpass\Loyalty;

use Bitrix\Main\Application;
use Bitrix\Main\Config\Option;
use Bitrix\Main\Web\HttpClient;
use Bitrix\Main\Web\Json;

/**
 * What happened on the site, kept in the site's own database and sent until it was taken.
 *
 * A row is written by the very transaction in which it happened; nobody on the site waits for a network.
 */
final class Queue
{
    public const MODULE = 'tillpass.loyalty';
    private const TABLE = 'b_tillpass_queue';
    private const AT_ONCE = 50;
    private const LONGEST_PAUSE_S = 3600;

    /** @param array $data what docs/connect/1c-bitrix.md lists for this event */
    public static function add(string $event, array $data): void
    {
        Application::getConnection()->add(self::TABLE, [
            'EVENT' => $event,
            'HAPPENED_AT' => date(DATE_ATOM),
            'BODY' => Json::encode($data, JSON_UNESCAPED_UNICODE),
            'DUE_AT' => time(),
        ]);
    }

    /** The agent: called every minute, and answers how it wants to be called again. */
    public static function agent(): string
    {
        $connection = Application::getConnection();
        if (Option::get(self::MODULE, 'hook_url', '') !== '' && $connection->lock('tillpass_queue', 0)) {
            try {
                self::send();
            } finally {
                $connection->unlock('tillpass_queue');
            }
        }
        return '\Tillpass\Loyalty\Queue::agent();';
    }

    /** How many rows wait, and the last error: for the page of settings. */
    public static function state(): array
    {
        $row = Application::getConnection()->query(
            'SELECT COUNT(*) AS WAITING, MAX(LAST_ERROR) AS LAST_ERROR FROM ' . self::TABLE
        )->fetch();
        return ['waiting' => (int)$row['WAITING'], 'error' => (string)$row['LAST_ERROR']];
    }

    private static function send(): void
    {
        $rows = Application::getConnection()->query(
            'SELECT * FROM ' . self::TABLE . ' WHERE DUE_AT <= ' . time() . ' ORDER BY ID LIMIT ' . self::AT_ONCE
        )->fetchAll();
        foreach ($rows as $row) {
            $status = self::post($row);
            if ($status >= 200 && $status < 300) {
                self::execute('DELETE FROM ' . self::TABLE . ' WHERE ID = ' . (int)$row['ID']);
                continue;
            }
            self::postpone($row, $status);
            if ($status === 0 || $status === 401 || $status === 429 || $status >= 500) {
                return; // nothing of the others would be taken either
            }
        }
    }

    /** @return int the HTTP status, 0 for no answer */
    private static function post(array $row): int
    {
        $body = Json::encode([
            'id' => Option::get(self::MODULE, 'site_key', 's') . '-' . $row['ID'],
            'event' => $row['EVENT'],
            'at' => $row['HAPPENED_AT'],
            'data' => Json::decode($row['BODY']),
        ], JSON_UNESCAPED_UNICODE);
        $time = (string)time();
        $signature = hash_hmac('sha256', $time . '.' . $body, Option::get(self::MODULE, 'secret', ''));
        $http = new HttpClient(['socketTimeout' => 5, 'streamTimeout' => 10, 'redirect' => false]);
        $http->setHeader('Content-Type', 'application/json');
        $http->setHeader('X-Tillpass-Timestamp', $time);
        $http->setHeader('X-Tillpass-Signature', 'sha256=' . $signature);
        $answer = $http->post(Option::get(self::MODULE, 'hook_url', ''), $body);
        return $answer === false ? 0 : (int)$http->getStatus();
    }

    private static function postpone(array $row, int $status): void
    {
        $attempts = (int)$row['ATTEMPTS'] + 1;
        $pause = min(self::LONGEST_PAUSE_S, 30 * (2 ** min($attempts, 7)));
        self::execute(sprintf(
            "UPDATE %s SET ATTEMPTS = %d, DUE_AT = %d, LAST_ERROR = '%s' WHERE ID = %d",
            self::TABLE,
            $attempts,
            time() + $pause,
            $status === 0 ? 'no answer' : 'HTTP ' . $status,
            (int)$row['ID']
        ));
    }

    private static function execute(string $sql): void
    {
        Application::getConnection()->queryExecute($sql);
    }
}
