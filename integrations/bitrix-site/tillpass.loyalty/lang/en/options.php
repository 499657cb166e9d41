<?php
$MESS['TILLPASS_HOOK_URL'] = 'Address of the source (…/hooks/site)';
$MESS['TILLPASS_SECRET'] = 'Secret of the source';
$MESS['TILLPASS_API_URL'] = 'Address of Tillpass';
$MESS['TILLPASS_API_KEY'] = 'API key (role till)';
$MESS['TILLPASS_PROGRAMME'] = 'Code of the programme';
$MESS['TILLPASS_WAITING'] = 'Waiting to be sent';
$MESS['TILLPASS_SAVE'] = 'Save';
