# miko
