<?php
$arModuleVersion = ['VERSION' => '1.0.0', 'VERSION_DATE' => '2026-08-01 00:00:00'];
