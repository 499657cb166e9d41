<?php

\Bitrix\Main\Loader::registerAutoLoadClasses('tillpass.loyalty', [
    '\Tillpass\Loyalty\Queue' => 'lib/queue.php',
    '\Tillpass\Loyalty\Client' => 'lib/client.php',
    '\Tillpass\Loyalty\Facts' => 'lib/facts.php',
    '\Tillpass\Loyalty\Handlers' => 'lib/handlers.php',
]);
