<?php
$MESS['TILLPASS_MODULE_NAME'] = 'Tillpass: карты лояльности';
$MESS['TILLPASS_MODULE_DESCRIPTION'] = 'Передаёт покупателей и оплаченные заказы в Tillpass, показывает баланс и позволяет платить баллами.';
