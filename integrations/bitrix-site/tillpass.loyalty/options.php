<?php

use Bitrix\Main\Config\Option;
use Bitrix\Main\Loader;
use Bitrix\Main\Localization\Loc;

/** @var string $mid the module's id, given by the page of settings */
global $APPLICATION;
if (!$GLOBALS['USER']->IsAdmin() || !Loader::includeModule('tillpass.loyalty')) {
    return;
}
Loc::loadMessages(__FILE__);
$known = ['hook_url', 'secret', 'api_url', 'api_key', 'programme'];
$hidden = ['secret', 'api_key'];

if ($_SERVER['REQUEST_METHOD'] === 'POST' && isset($_POST['tillpass']) && check_bitrix_sessid()) {
    foreach ($known as $name) {
        $value = trim((string)($_POST['tillpass'][$name] ?? ''));
        if ($value !== '' || !in_array($name, $hidden, true)) {
            Option::set('tillpass.loyalty', $name, $value); // an empty secret keeps the one that is there
        }
    }
    LocalRedirect($APPLICATION->GetCurPageParam('', []));
}
$state = \Tillpass\Loyalty\Queue::state();
?>
<form method="post">
    <?= bitrix_sessid_post() ?>
    <table class="adm-detail-content-table edit-table">
        <?php foreach ($known as $name): ?>
            <tr>
                <td width="40%"><?= htmlspecialcharsbx(Loc::getMessage('TILLPASS_' . mb_strtoupper($name))) ?></td>
                <td><input type="<?= in_array($name, $hidden, true) ? 'password' : 'text' ?>" size="60"
                           name="tillpass[<?= $name ?>]" autocomplete="off"
                           value="<?= in_array($name, $hidden, true) ? '' : htmlspecialcharsbx(Option::get('tillpass.loyalty', $name, '')) ?>"></td>
            </tr>
        <?php endforeach ?>
        <tr>
            <td><?= htmlspecialcharsbx(Loc::getMessage('TILLPASS_WAITING')) ?></td>
            <td><?= (int)$state['waiting'] ?> <?= htmlspecialcharsbx($state['error']) ?></td>
        </tr>
    </table>
    <input type="submit" class="adm-btn-save" value="<?= htmlspecialcharsbx(Loc::getMessage('TILLPASS_SAVE')) ?>">
</form>
