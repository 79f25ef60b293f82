"""Makes the answers of the API from what the subjects know: one function for each thing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hub.api.answers import (
    Account,
    Answering,
    Attachment,
    Channel,
    ChannelName,
    Choice,
    Conversation,
    ConversationDetail,
    Emoji,
    Fault,
    Mention,
    Message,
    OutboxItem,
    Person,
    Poll,
    Post,
    Receipt,
)
from hub.channels.connect import error_of
from hub.channels.model import Channel as ChannelModel
from hub.channels.model import Trouble
from hub.connector import Emoji as EmojiModel
from hub.connector import Kind, Visibility
from hub.connector import Poll as PollModel
from hub.inbox.model import Line
from hub.inbox.model import Message as MessageModel
from hub.inbox.read import Reading
from hub.kernel.html import safe_link
from hub.kernel.texts import describe, describe_why_not
from hub.outbox.model import OutboxItem as ItemModel


def channel(found: ChannelModel, address: str) -> Channel:
    """address: where another system posts to it, empty for who is not to know."""
    return Channel(
        id=found.id,
        kind=found.kind,
        name=found.name,
        team_id=found.team_id,
        state=found.state,
        title=found.title,
        account=Account(handle=found.account.handle, name=found.account.name, url=safe_link(found.account.url)),
        can_send=found.can_send,
        limits=found.limits,
        warnings=found.warnings,
        pulled_at=found.pulled_at,
        next_pull_at=found.next_pull_at,
        failing_since=found.failing_since,
        trouble=trouble(found.trouble),
        webhook_address=address or None,
        created_at=found.created_at,
    )


def conversation(line: Line, version: str) -> Conversation:
    found = line.conversation
    return Conversation(
        id=found.id,
        channel=ChannelName(id=found.channel_id, kind=line.channel_kind, name=line.channel_name),
        author=Person(name=line.name, emoji=emoji(line.name_emoji), handle=line.handle, trust=line.trust),
        state=found.state,
        kind=found.kind,
        visibility=found.visibility,
        language=found.language,
        post_title=line.post_title,
        snippet=found.snippet,
        last_direction=found.last_direction,
        last_at=found.last_at,
        unread=found.unread,
        version=version,
        created_at=found.created_at,
    )


def detail(reading: Reading, version: str, offered: Iterable[Visibility]) -> ConversationDetail:
    """offered: whom the channel that answers can reach."""
    why_not = reading.answerable.why_not
    target = reading.answerable.target
    worded = describe_why_not(why_not) if why_not else None
    return ConversationDetail(
        conversation=conversation(reading.line, version),
        post=None
        if reading.post is None
        else Post(
            title=reading.post.title,
            text=reading.post.text,
            emoji=emoji(reading.post.emoji),
            poll=poll(reading.post.poll, reading.post.polled_at),
            link=safe_link(reading.post.link),
            created_at=reading.post.created_at,
        ),
        answerable=Answering(
            allowed=not why_not,
            why_not=why_not,
            detail=worded.sentences if worded else "",
            is_request=target is not None and target.reply.is_request,
            message_id=target.id if target else None,
            visibilities=tuple(offered),
        ),
    )


def message(found: MessageModel) -> Message:
    return Message(
        id=found.id,
        direction=found.direction,
        origin=found.origin,
        kind=found.kind,
        author=Person(
            name=found.author_name,
            emoji=emoji(found.author_emoji),
            handle=found.author_handle,
            trust=found.author_trust,
        ),
        agent_id=found.agent_id,
        outbox_id=found.outbox_id,
        remote_id=found.remote_id,
        parent_remote_id=found.parent_remote_id,
        visibility=found.visibility,
        language=found.language,
        content_warning=found.content_warning,
        quote=found.kind is Kind.QUOTE,
        mentions=tuple(
            Mention(id=author.id, handle=author.handle, name=author.name) for author in found.reply.must_mention
        ),
        text=found.text,
        html=found.html,
        emoji=emoji(found.emoji),
        poll=poll(found.poll, found.polled_at),
        attachments=tuple(
            Attachment(kind=each.kind, url=safe_link(each.url), media_type=each.media_type, description=each.alt)
            for each in found.attachments
        ),
        moderation=found.moderation,
        permalink=safe_link(found.permalink),
        created_at=found.created_at,
        edited_at=found.edited_at,
        deleted_at=found.deleted_at,
        deleted_by=found.deleted_by,
    )


def emoji(found: Iterable[EmojiModel]) -> tuple[Emoji, ...]:
    return tuple(Emoji(code=each.code, url=each.url) for each in found)


def poll(found: PollModel | None, counted_at: datetime | None) -> Poll | None:
    if found is None:
        return None
    return Poll(
        choices=tuple(Choice(text=each.text, votes=each.votes, is_ours=each.is_ours) for each in found.choices),
        voters=found.voters,
        takes_several=found.takes_several,
        ends_at=found.ends_at,
        has_ended=found.has_ended,
        counted_at=counted_at,
    )


def outbox_item(found: ItemModel) -> OutboxItem:
    request = found.request
    return OutboxItem(
        id=found.id,
        state=found.state,
        channel_id=found.channel_id,
        conversation_id=found.conversation_id,
        agent_id=found.agent_id,
        act=found.act,
        text=request.text,
        visibility=request.visibility,
        language=request.language,
        content_warning=request.content_warning,
        due_at=found.due_at,
        send_at=found.send_at,
        tries=found.tries,
        receipts=tuple(
            None
            if receipt is None
            else Receipt(
                remote_id=receipt.remote_id, permalink=safe_link(receipt.permalink), at=receipt.at, held=receipt.held
            )
            for receipt in found.parts
        ),
        trouble=trouble(found.trouble),
        created_at=found.created_at,
        settled_at=found.settled_at,
    )


def trouble(found: Trouble | None) -> Fault | None:
    if found is None:
        return None
    return Fault(code=found.code, reason=found.reason, detail=describe(error_of(found)).sentences)
