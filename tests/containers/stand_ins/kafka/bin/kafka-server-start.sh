#!/bin/sh
LOG_SETTINGS=/etc/kafka/docker/log4j2.yaml exec /opt/kafka/bin/kafka-run-class.sh kafka.Kafka "$@"
