<?php
$MESS['TILLPASS_HOOK_URL'] = 'Адрес источника (…/hooks/site)';
$MESS['TILLPASS_SECRET'] = 'Секрет источника';
$MESS['TILLPASS_API_URL'] = 'Адрес Tillpass';
$MESS['TILLPASS_API_KEY'] = 'Ключ API (роль «касса»)';
$MESS['TILLPASS_PROGRAMME'] = 'Код программы';
$MESS['TILLPASS_WAITING'] = 'Ждут отправки';
$MESS['TILLPASS_SAVE'] = 'Сохранить';
