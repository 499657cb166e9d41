<?php

use Bitrix\Main\Application;
use Bitrix\Main\Config\Option;
use Bitrix\Main\EventManager;
use Bitrix\Main\Localization\Loc;
use Bitrix\Main\ModuleManager;

Loc::loadMessages(__FILE__);

/** Installs the queue's table, the event handlers and the agent that empties the queue. */
class tillpass_loyalty extends CModule
{
    public $MODULE_ID = 'tillpass.loyalty';
    public $MODULE_VERSION;
    public $MODULE_VERSION_DATE;
    public $MODULE_NAME;
    public $MODULE_DESCRIPTION;

    private const AGENT = '\Tillpass\Loyalty\Queue::agent();';

    /** Module, event, method: events of old style hand over arrays, those of the shop an object. */
    private const OLD_EVENTS = [
        ['main', 'OnAfterUserRegister', 'onUserRegister'],
        ['main', 'OnAfterUserAdd', 'onUserAdd'],
        ['main', 'OnAfterUserUpdate', 'onUserUpdate'],
        ['main', 'OnAfterUserDelete', 'onUserDelete'],
    ];
    private const NEW_EVENTS = [
        ['sale', 'OnSaleOrderPaid', 'onOrderPaid'],
        ['sale', 'OnSaleOrderCanceled', 'onOrderCanceled'],
        ['sale', 'OnSalePaymentEntitySaved', 'onPaymentSaved'],
    ];

    public function __construct()
    {
        $arModuleVersion = [];
        include __DIR__ . '/version.php';
        $this->MODULE_VERSION = $arModuleVersion['VERSION'];
        $this->MODULE_VERSION_DATE = $arModuleVersion['VERSION_DATE'];
        $this->MODULE_NAME = Loc::getMessage('TILLPASS_MODULE_NAME');
        $this->MODULE_DESCRIPTION = Loc::getMessage('TILLPASS_MODULE_DESCRIPTION');
    }

    public function DoInstall()
    {
        ModuleManager::registerModule($this->MODULE_ID);
        $this->InstallDB();
        $this->InstallEvents();
    }

    public function DoUninstall()
    {
        $this->UnInstallEvents();
        ModuleManager::unRegisterModule($this->MODULE_ID);
        // The table stays: what was not sent yet is not thrown away with the module.
    }

    public function InstallDB()
    {
        Application::getConnection()->queryExecute(
            'CREATE TABLE IF NOT EXISTS b_tillpass_queue (
                ID INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
                EVENT VARCHAR(40) NOT NULL,
                HAPPENED_AT VARCHAR(40) NOT NULL,
                BODY MEDIUMTEXT NOT NULL,
                DUE_AT INT UNSIGNED NOT NULL,
                ATTEMPTS INT UNSIGNED NOT NULL DEFAULT 0,
                LAST_ERROR VARCHAR(255) NOT NULL DEFAULT \'\',
                KEY IX_TILLPASS_QUEUE_DUE (DUE_AT, ID)
            )'
        );
        if (Option::get($this->MODULE_ID, 'site_key', '') === '') {
            Option::set($this->MODULE_ID, 'site_key', 's' . bin2hex(random_bytes(4)));
        }
    }

    public function InstallEvents()
    {
        $manager = EventManager::getInstance();
        $class = '\Tillpass\Loyalty\Handlers';
        foreach (self::OLD_EVENTS as [$module, $event, $method]) {
            $manager->registerEventHandlerCompatible($module, $event, $this->MODULE_ID, $class, $method);
        }
        foreach (self::NEW_EVENTS as [$module, $event, $method]) {
            $manager->registerEventHandler($module, $event, $this->MODULE_ID, $class, $method);
        }
        CAgent::AddAgent(self::AGENT, $this->MODULE_ID, 'N', 60);
    }

    public function UnInstallEvents()
    {
        $manager = EventManager::getInstance();
        foreach (array_merge(self::OLD_EVENTS, self::NEW_EVENTS) as [$module, $event, $method]) {
            $manager->unRegisterEventHandler($module, $event, $this->MODULE_ID, '\Tillpass\Loyalty\Handlers', $method);
        }
        CAgent::RemoveModuleAgents($this->MODULE_ID);
    }
}
