"""The model behind the proxy: it knows one small project, and finds out from the last message what it is asked for."""

import asyncio
import json
import re

import litellm
from litellm import CustomLLM
from project import FILES, PLAN, fenced


def chunk(text="", call=None, finish=None, usage=None):
    return {
        "text": text, "tool_use": call, "is_finished": finish is not None, "finish_reason": finish or "",
        "usage": usage, "index": 0,
    }


def call(name, arguments, is_first):
    opening = {"id": "call_1", "type": "function"} if is_first else {"id": None, "type": "function"}
    return {**opening, "index": 0, "function": {"name": name if is_first else None, "arguments": arguments}}


def error(kind, message):
    return kind(message=message, llm_provider="scripted", model="project")


class Scripted(CustomLLM):
    async def astreaming(self, model, messages, optional_params, **_more):
        asked = messages[-1]["content"]
        tools, file = optional_params.get("tools"), re.search(r"The file to write is `(.+)`\.$", asked.strip())
        if tools and model == "refuses-tools":
            raise error(litellm.BadRequestError, "this model takes no tools")
        words = sum(len(message["content"].split()) for message in messages)
        said = 0
        if asked.startswith("List the files"):
            answer = json.dumps({"paths": list(FILES)} if tools else list(FILES))
        elif file:
            answer = fenced(file[1])
        else:
            answer = PLAN
        for piece in re.findall(r"(?s).{1,12}", answer):
            if file and model == "breaks-in-a-file" and file[1] == "app.js" and said == 5:
                raise error(litellm.InternalServerError, "the model went away")
            await asyncio.sleep(0.001)
            if tools:
                name = optional_params["tool_choice"]["function"]["name"]
                yield chunk(call=call(name, piece, said == 0))
            else:
                yield chunk(text=piece)
            said += 1
        usage = {"prompt_tokens": words, "completion_tokens": said, "total_tokens": words + said}
        yield chunk(finish="tool_calls" if tools else "stop", usage=usage)


scripted = Scripted()
