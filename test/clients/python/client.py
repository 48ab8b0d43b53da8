"""Updates and watches a board with nothing but what server reflection tells.

Usage: SCORE_TOKEN=... client.py HOST:PORT GAME_ID

Prints JSON lines, each an object with one key: "services", "update", "frame"
(two of them) and "error".
"""

import json
import os
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

SERVICE = "score.v1.ScoreService"
PATIENCE_SECONDS = 60


class ReflectedService:
    """Calls methods by their name, with messages as dictionaries."""

    def __init__(self, channel, pool, name, metadata):
        self.channel = channel
        self.pool = pool
        self.descriptor = pool.FindServiceByName(name)
        self.metadata = metadata

    def call(self, method_name, request):
        """The answer of a unary method, the answers of a streaming one."""
        method = self.descriptor.methods_by_name[method_name]
        request_class = GetMessageClass(method.input_type)
        response_class = GetMessageClass(method.output_type)
        opener = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        stub = opener(
            f"/{self.descriptor.full_name}/{method.name}",
            request_serializer=request_class.SerializeToString,
            response_deserializer=response_class.FromString,
        )
        message = ParseDict(request, request_class(), descriptor_pool=self.pool)
        return stub(message, metadata=self.metadata, timeout=PATIENCE_SECONDS)

    def to_dict(self, message):
        return MessageToDict(message, descriptor_pool=self.pool)

    def error_details(self, error):
        """The google.rpc details that came with an error."""
        trailers = dict(error.trailing_metadata())
        status_class = GetMessageClass(self.pool.FindMessageTypeByName("google.rpc.Status"))
        status = status_class.FromString(trailers["grpc-status-details-bin"])
        return self.to_dict(status)["details"]


def say(what, content):
    print(json.dumps({what: content}), flush=True)


def main(address, game_id):
    # A proxy of the environment is for pip, not for a server on this machine.
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(address, options=options) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        say("services", sorted(database.get_services()))
        metadata = [("authorization", f"Bearer {os.environ['SCORE_TOKEN']}")]
        service = ReflectedService(channel, DescriptorPool(database), SERVICE, metadata)

        def update(player_id, points):
            event = {
                "gameId": game_id,
                "playerId": player_id,
                "points": points,
                "actionId": f"{player_id}-{points}",
            }
            say("update", service.to_dict(service.call("UpdateScore", event)))

        update("ada", 5)
        frames = service.call("WatchLeaderboard", {"gameId": game_id})
        states = (frame for frame in frames if not frame.heartbeat)
        say("frame", service.to_dict(next(states)))
        update("bo", 7)
        say("frame", service.to_dict(next(states)))
        frames.cancel()

        try:
            service.call("GetLeaderboard", {"gameId": game_id, "limit": 101})
        except grpc.RpcError as error:
            say(
                "error",
                {
                    "code": error.code().name,
                    "message": error.details(),
                    "details": service.error_details(error),
                },
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
