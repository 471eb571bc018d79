"""Redis as Celery's broker, for workers that outlive the connection on which a message came."""

from __future__ import annotations

from typing import Any

from kombu.transport import redis


class QoS(redis.QoS):
    """Leaves alone what came on a connection that is gone.

    kombu (5.7) goes on asking a lost connection: to put back what wasn't acknowledged yet, and to acknowledge a task that
    ended meanwhile. Either ended the whole worker as soon as Redis was restarted while a task ran. Nothing has to be asked:
    Redis itself gives a message back once its visibility timeout is over, and ours only wake.
    """

    restore_at_shutdown = False

    def ack(self, delivery_tag: str) -> None:
        if not self.channel.closed:
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if not self.channel.closed:
            super().reject(delivery_tag, requeue=requeue)


class Channel(redis.Channel):
    QoS: Any = QoS


class Transport(redis.Transport):
    Channel: Any = Channel
