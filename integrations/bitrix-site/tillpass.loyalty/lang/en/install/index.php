<?php
$MESS['TILLPASS_MODULE_NAME'] = 'Tillpass: loyalty cards';
$MESS['TILLPASS_MODULE_DESCRIPTION'] = 'Tells Tillpass of customers and paid orders, shows the balance and lets customers pay with points.';
