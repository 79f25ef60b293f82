"""The reasons an error can have, each with what happened and what to do; see kernel/wordings for how they are found.

Machine words that are no error are here as well: why something cannot be answered (`why_not.…`), warnings of a
connection test (`warning.…`). tests/reasons.py finds every word the code gives; one without an entry fails a test.
"""

from __future__ import annotations

from hub.kernel.texts import mark

_AGAIN = mark("We try again by ourselves. Nothing is lost.")
_ADDRESS = mark("Check the address for typing errors.")
_PUBLIC = mark("Only public addresses are allowed. The operator can allow a single one: HUB_ALLOW_HOSTS=host:port.")
_KEPT = mark("Your text is kept. Change it and send it again.")
_NOTHING_SENT = mark("Your text is kept, but it cannot be sent there.")
_LOOK_FIRST = mark("Look at the network whether it is there, then mark it as sent or send it again.")
_SIGN_IN_AGAIN = mark("Sign the channel in again.")
_SERVER = mark("Ask whoever runs that site.")
_EDITOR = mark("Give it the role Editor there; until then comments that await approval do not arrive here.")
_SHORTER_FEED = mark("Ask whoever runs that site for a feed of the newest entries only.")
_ON_AN_EXAMPLE = mark("Compare it with a body as the other system posts it.")
_AT_THE_ORIGINAL = mark("Look at it at the original.")

REASONS: dict[str, tuple[str, str]] = {
    # The way there
    "unreachable": (mark("The server does not answer"), _AGAIN),
    "dns": (mark("No server has this name"), _ADDRESS),
    "tls": (mark("The server's certificate is not valid"), _SERVER),
    "too_slow": (mark("The server took too long"), _AGAIN),
    "timeout": (mark("The server took too long"), _AGAIN),
    "too_late": (mark("There was no time left for it"), _AGAIN),
    "interrupted": (mark("The connection broke off"), _AGAIN),
    "ambiguous.interrupted": (mark("The connection broke off while it was being sent"), _LOOK_FIRST),
    "ambiguous.timeout": (mark("The server did not say whether it arrived"), _LOOK_FIRST),
    "ambiguous.too_slow": (mark("The server did not say whether it arrived"), _LOOK_FIRST),
    "ambiguous.not_json": (mark("The server answered, but not whether it arrived"), _LOOK_FIRST),
    "ambiguous.cannot_look_up": (mark("The network has no way to ask whether it arrived"), _LOOK_FIRST),
    "ambiguous.cannot_moderate": (mark("This account may not look whether it arrived"), _LOOK_FIRST),
    "ambiguous.no_plan": (mark("It was being sent when the program stopped"), _LOOK_FIRST),
    "too_large": (mark("The answer was far too large"), mark("Check that the address is the right one.")),
    "rejected.too_large": (mark("It is too large for the network"), mark("Make it smaller and send it again.")),
    "redirects": (mark("The server sends us round in circles"), _SERVER),
    "insecure_redirect": (
        mark("The server sends us on to an address without encryption"),
        mark("We do not follow with a password in hand. Use the address that begins with https."),
    ),
    "encoding": (mark("The answer is damaged"), _AGAIN),
    "headers": (mark("The answer is damaged"), _AGAIN),
    "not_json": (
        mark("The server answered with a page instead of data"),
        mark("Check that the address is the right one, and that no maintenance or protection page is in front of it."),
    ),
    "unexpected_answer": (mark("The server answered in a way we do not know"), _AGAIN),
    "server_error": (mark("The server has a fault of its own"), _AGAIN),
    "down": (mark("The server is down"), _AGAIN),
    "moved": (mark("The address has moved"), mark("Enter the new address.")),
    "header": (mark("A setting holds characters that cannot be sent"), mark("Enter it again by hand.")),
    "slow_down": (mark("The network asks us to slow down"), mark("We go on by ourselves when it lets us.")),
    "too_many_requests": (mark("The network asks us to slow down"), mark("We go on by ourselves when it lets us.")),
    "too_many": (mark("The network asks us to slow down"), mark("We go on by ourselves when it lets us.")),
    "not_arrived": (mark("It has not arrived there"), _AGAIN),
    # Webhooks: who posts, what is in it, what the receiver answers
    "not_signed": (mark("It was not signed"), mark("Have the other system sign what it posts.")),
    "wrong_signature": (mark("It was signed with another secret"), mark("Enter the same secret here and there.")),
    "wrong_time": (
        mark("It was signed more than five minutes ago, or by a clock that is ahead"),
        mark("Set the clocks right. A delivery that is tried again has to be signed again."),
    ),
    "not_a_secret": (
        mark("This is no signing secret"),
        mark("One begins with whsec_ and holds 24 to 64 bytes as base64. Copy all of it, or leave the one made here."),
    ),
    "secret_too_short": (mark("This secret is too short"), mark("Take at least 16 characters that nobody can guess.")),
    "not_a_header": (mark("No header is called so"), mark("Letters, digits and hyphens, like X-Webhook-Secret.")),
    "not_an_expression": (mark("This is no JMESPath expression"), mark("See jmespath.org, or try it on an example.")),
    "nothing_found": (mark("There is nothing in the body where this points"), _ON_AN_EXAMPLE),
    "not_words": (mark("What is found there is neither text nor a number"), _ON_AN_EXAMPLE),
    "not_a_time": (mark("What is found there is no point in time"), mark("Wanted is ISO 8601, or seconds since 1970.")),
    "too_costly": (mark("This takes far too long"), mark("Point at the place directly, with fewer lists in between.")),
    "invalid.not_json": (mark("This is no JSON"), mark("Paste a whole body, as the other system posts it.")),
    "not_a_form": (mark("This is no form"), mark("Paste a whole body, as the other system posts it.")),
    "no_reply_address": (mark("There is no address for replies"), mark("Enter one in the settings of the channel.")),
    "signature_refused": (
        mark("The receiver does not take our signature"),
        mark("Enter the same secret here and there, then send it again."),
    ),
    "rejected.moved": (mark("The address for replies has moved"), mark("Enter the new one, then send it again.")),
    "not_there": (mark("The receiver knows no such address or message"), mark("Check the address for replies.")),
    "takes_no_more": (
        mark("The receiver takes nothing at this address any more"),
        mark("Enter another address for replies, or none."),
    ),
    "channel_removed": (mark("This channel was removed"), mark("Nothing can be posted to it any more.")),
    "wrong_deliveries": (mark("The plugin does not read what was delivered"), mark("Tell whoever made the plugin.")),
    "sent_again": (mark("Its answer was lost, so it is sent again under the same id"), _AGAIN),
    "picture_gone": (mark("The picture is no longer there"), _AT_THE_ORIGINAL),
    "stopping": (mark("Hubbub is being stopped"), _AGAIN),
    "not_signed_in": (mark("The network does not take our sign-in"), _SIGN_IN_AGAIN),
    "misconfigured.not_signed_in": (
        mark("The site does not take our sign-in"),
        mark("Check user and password. If both are right, its web server may hold the password back: ask who runs it."),
    ),
    "http_401": (mark("The network does not take our sign-in"), _SIGN_IN_AGAIN),
    # Addresses
    "not_a_url": (mark("This is not a web address"), mark("It begins with https:// and has the name of a site.")),
    "not_an_address": (mark("This is not a web address"), mark("It begins with https:// and has the name of a site.")),
    "url_too_long": (mark("This address is too long"), _ADDRESS),
    "scheme": (mark("This is not a web address"), mark("It begins with https:// or http://.")),
    "characters": (mark("The address holds characters that do not belong there"), _ADDRESS),
    "userinfo": (mark("The address holds a name or password"), mark("Take it out; there is a field for it.")),
    "host": (mark("The name of the site is not a valid one"), _ADDRESS),
    "port": (mark("This port is not allowed"), _PUBLIC),
    "zone": (mark("This address is only valid inside a network"), _PUBLIC),
    "not_public": (mark("This address is not a public one"), _PUBLIC),
    "not_host_and_port": (
        mark("%(field)s has to name hosts with their ports"),
        mark("For example: shop.internal:443, 10.0.0.5:8080."),
    ),
    # Accounts
    "wrong_password": (mark("The password is not right"), mark("Enter it again.")),
    "auth_expired.wrong_password": (mark("The name or the password is not right"), _SIGN_IN_AGAIN),
    "revoked": (mark("The network has withdrawn our access"), _SIGN_IN_AGAIN),
    "wrong_token": (
        mark("The server does not know this access token"),
        mark("Copy it again from your server's settings, whole and without spaces."),
    ),
    "account_moved": (
        mark("This account has moved to another server"),
        mark("Connect the account it moved to; few people still write to this one."),
    ),
    "cannot_read_posts": (
        mark("The access token does not allow reading posts: threads, edits and our other answers do not come in"),
        mark("Make one that may read everything, or sign in again."),
    ),
    "cannot_read_tags": (
        mark("The server does not let this account read what is said under hashtags"),
        mark("Take the hashtags out of the settings, or ask whoever runs that server."),
    ),
    "notifications_held_back": (
        mark("Notifications that the server holds back from this account: %(num)s"),
        mark("Look there under Notifications, Filtered, let in whom you want to hear, and test the connection again."),
    ),
    "follow_requests": (
        mark("Requests to follow this account that wait there: %(num)s"),
        mark("Whoever waits does not see posts for followers. Decide there, then test the connection again."),
    ),
    "cannot_read_notifications": (
        mark("The access token does not allow reading notifications: mentions and direct messages do not come in"),
        mark("Make one that may read everything."),
    ),
    "suspended": (
        mark("The network has suspended this account"),
        mark("Ask whoever runs that server, then sign the channel in again."),
    ),
    "not_confirmed": (
        mark("This account is not confirmed there yet"),
        mark("Confirm its e-mail address or wait for the server's approval, then sign the channel in again."),
    ),
    "token_without_account": (
        mark("This key belongs to a program, not to an account"),
        mark("Make one while signed in there as the account that answers."),
    ),
    "wrong_app_password": (
        mark("The handle or the app password is not right"),
        mark("Copy both again, or make a new app password in the network's settings."),
    ),
    "needs_app_password": (
        mark("This is the account's own password"),
        mark("Make an app password in the network's settings and enter that."),
    ),
    "signed_in_too_often": (
        mark("The network ended our session again and again today"),
        mark("We go on tomorrow. If it stays so, make a new app password for this channel alone."),
    ),
    "cannot_read_direct": (
        mark("This app password does not reach direct messages"),
        mark("Make one with the box for direct messages ticked; everything else works."),
    ),
    "scope": (
        mark("This account was not allowed to do that"),
        mark("Connect the channel again and allow all it asks for."),
    ),
    "signed_out": (mark("The channel is signed out"), _SIGN_IN_AGAIN),
    "sign_in_needed": (mark("The server asks for a sign-in"), mark("Use an address that is open to everybody.")),
    "blocked": (mark("The server blocks us"), _SERVER),
    "handle": (
        mark("This cannot be the name of an account"),
        mark("It has letters, digits and _, up to 30 of them; for example @brightwater."),
    ),
    "unknown_user": (
        mark("The site has no such user"),
        mark("Enter the name you sign in with there, not the one that stands above your posts."),
    ),
    "not_encrypted": (
        mark("The connection is not encrypted: others on the way can read the password"),
        mark("Use the address that begins with https."),
    ),
    "cannot_moderate": (mark("This account may not approve or hold comments"), _EDITOR),
    "cannot_read": (
        mark("This account may not read it there"),
        mark("Give it more rights there (on WordPress the role Editor), then try again."),
    ),
    "may_not_send": (mark("This account may read, but not answer"), mark("Ask for more rights at the network.")),
    # Feeds and WordPress
    "not_a_feed": (
        mark("There is no feed at this address"),
        mark("Look for a link called RSS, Atom or Feed on the site and enter its address."),
    ),
    "page_not_feed": (
        mark("This is a web page, not a feed"),
        mark("Look for a link called RSS, Atom or Feed on it and enter its address."),
    ),
    "feed_empty": (
        mark("The server sent nothing instead of a feed"),
        mark("Check that the address is the right one; if it is, ask whoever runs that site."),
    ),
    "feed_too_large": (mark("This feed is larger than 5 MB"), _SHORTER_FEED),
    "too_many_entries": (mark("This feed has far too many entries"), _SHORTER_FEED),
    "feed_too_costly": (mark("This feed takes too long to read"), _SHORTER_FEED),
    "warning.no_comments": (
        mark("This feed has articles, but no comments"),
        mark("For comments enter the address of the comment feed; on WordPress it ends in /comments/feed/atom/."),
    ),
    "warning.atom_tells_parents": (
        mark("An RSS feed does not tell which comment answers which"),
        mark("The Atom feed of the same blog does: put atom/ at the end of the address."),
    ),
    "feed_gone": (mark("This feed is gone for good"), mark("Enter its new address, or remove the channel.")),
    "misconfigured.feed_not_found": (mark("There is nothing at this address"), _ADDRESS),
    "feed_not_found": (mark("The feed is not there"), mark("We look again by ourselves; check the address.")),
    "not_wordpress": (
        mark("There is no WordPress at this address"),
        mark("Enter the address of the site's front page."),
    ),
    "not_mastodon": (
        mark("There is no Mastodon at this address, nor anything that speaks its language"),
        mark("Enter the address of the server your account is on; it is the last part of your full name there."),
    ),
    "not_bluesky": (
        mark("There is no server of Bluesky's network at this address"),
        mark("Leave it as it is, unless the account lives on a server of its own."),
    ),
    "rest_off": (mark("This WordPress has its interface for programs (REST) switched off"), _SERVER),
    "application_passwords_off": (
        mark("This WordPress takes no application passwords"),
        mark("They need https, and can be switched off by a security plugin: ask whoever runs the site."),
    ),
    "authorization_stripped": (
        mark("The web server takes the password out of our requests"),
        mark("It has to hand the Authorization header on to WordPress: ask whoever runs the site."),
    ),
    "site_behind_login": (mark("The whole site is behind a sign-in"), _SERVER),
    # Answering
    "closed": (mark("It can no longer be answered there"), _NOTHING_SENT),
    "read_only": (
        mark("This channel is for reading"),
        mark("Answer at the original, or choose a channel that posts answers in its settings."),
    ),
    "nothing_to_answer": (mark("Nobody but us has said anything here"), mark("Wait until somebody writes.")),
    "companion_removed": (
        mark("The channel that answers for this one was removed"),
        mark("Choose another one in the channel's settings."),
    ),
    "reply_not_allowed": (mark("The author does not take answers from this account"), _NOTHING_SENT),
    "blocked_by_author": (mark("The author and this account do not talk to each other there"), _NOTHING_SENT),
    "author_away": (mark("The author's account is suspended, switched off or gone"), _NOTHING_SENT),
    "unseen": (mark("The network does not show this message any more"), _NOTHING_SENT),
    "quote_not_allowed": (
        mark("The author does not let this be quoted"),
        mark("Answer it instead. Your text is kept."),
    ),
    "previous_part_deleted": (
        mark("The part before this one was deleted there"),
        mark("The rest is not sent. Your text is kept."),
    ),
    "another_record": (mark("Something else stands where the answer should"), _LOOK_FIRST),
    "not_our_thread": (
        mark("Answers can only be hidden below posts of this account"),
        mark("Block or report it at the network instead."),
    ),
    "not_for_messages": (mark("The network cannot do this with direct messages"), mark("Answer it instead.")),
    "no_pictures_here": (
        mark("The network takes no pictures in direct messages"),
        mark("Take them out, or answer in public."),
    ),
    "too_many_pictures": (mark("So many pictures do not fit into one post there"), mark("Take some out.")),
    "picture_too_large": (mark("A picture is too large for the network"), mark("Take a smaller one.")),
    "window_closed": (mark("The network takes answers only for a while, and it is over"), _NOTHING_SENT),
    "post_deleted": (mark("The post this belongs to was deleted"), _NOTHING_SENT),
    "post_in_trash": (
        mark("The post this belongs to is in the trash"),
        mark("Take it out of the trash there, then send it again. Your text is kept."),
    ),
    "trash": (
        mark("What this answers is in the trash"),
        mark("Take it out of the trash there, then send it again. Your text is kept."),
    ),
    "not_found.spam": (
        mark("What this answers was marked as spam"),
        mark("Take the mark off there, then send it again. Your text is kept."),
    ),
    "author_data_required": (
        mark("The site wants a name and an e-mail address with every comment"),
        mark("Fill in both in the account's profile there, then send it again."),
    ),
    "deleted": (mark("The message was deleted"), _NOTHING_SENT),
    "gone": (mark("The message was deleted"), _NOTHING_SENT),
    "missing": (mark("This is needed"), mark("Fill it in.")),
    "enter_again": (
        mark("This was entered for another address"),
        mark("Enter it again, so that it goes nowhere by mistake."),
    ),
    "not_found.missing": (mark("What this answers is not there"), mark("It may come back. Your text is kept.")),
    "not_a_comment": (mark("What this answers is no longer a comment"), _NOTHING_SENT),
    "not_yours": (mark("This message is not from this account"), mark("Only its author can change or delete it.")),
    "several_posts": (
        mark("It went out in several posts, which cannot be changed as one"),
        mark("Delete it and write it anew, or change it at the network."),
    ),
    "empty": (mark("There is no text"), mark("Write something first.")),
    "too_long": (mark("This is too long"), mark("Shorten it.")),
    "rejected.too_long": (mark("The text is too long for the network"), mark("Shorten it and send it again.")),
    "duplicate": (mark("The network has the same text from us already"), mark("Change it and send it again.")),
    "spam": (mark("The network takes it for spam"), _KEPT),
    "media": (mark("The network does not take this picture or file"), _KEPT),
    "validation": (mark("The network does not take the text as it is"), _KEPT),
    "policy": (mark("The network's rules do not allow it"), _KEPT),
    "refused": (mark("The server refused it"), _KEPT),
    "misconfigured.refused": (mark("The server refuses this account"), _SERVER),
    "not_a_picture": (mark("This is not a picture we can show"), _AT_THE_ORIGINAL),
    "file.not_a_picture": (mark("This is no picture that can be sent"), mark("JPEG, PNG, WebP and GIF can be.")),
    "file.too_large": (
        mark("This picture is too large"),
        mark("At most %(megabytes)s MB and about 16 million pixels can be taken. Make it smaller and add it again."),
    ),
    "file.quota": (
        mark("Too many of your pictures wait to be sent"),
        mark("At most %(most)s may. Send or remove some; what nobody sends goes by itself after a day."),
    ),
    "animation_too_large": (
        mark("This moving picture is too long or too large"),
        mark("Make it shorter or smaller, or send a still picture."),
    ),
    "animation_not_gif": (
        mark("Moving pictures can only be sent as GIF"),
        mark("Save it as GIF, or send a still picture."),
    ),
    "attachments.not_a_choice": (
        mark("A picture of this reply is not there any more, or went with another one"),
        mark("Take it out and add it again."),
    ),
    "attachments.too_large": (
        mark("A picture is too large for this network"),
        mark("Take it out, make it smaller and add it again."),
    ),
    "attachments.too_many": (mark("So many pictures do not fit into one post there"), mark("At most %(most)s do.")),
    "quote.not_a_choice": (mark("This cannot be quoted"), mark("Answer it instead.")),
    "attachments.not_taken": (mark("No pictures can be sent there"), mark("Take them out, then send the text.")),
    "description.too_long": (mark("This description is too long"), mark("At most %(limit)s characters fit.")),
    "upload": (
        mark("A picture of this reply is not there any more"),
        mark("Take the reply back and add the picture again."),
    ),
    "wider_audience": (mark("More people would see the answer than the message"), mark("Choose a narrower audience.")),
    "wider_than_parent": (
        mark("More people would see the answer than the message"),
        mark("Choose a narrower audience."),
    ),
    # Why nothing can be answered: stands where the composer would be
    "why_not.author_away": (
        mark("The author's account is suspended, switched off or gone"),
        mark("It can be answered once it is back."),
    ),
    "why_not.blocked_by_author": (
        mark("The author and this account do not talk to each other there"),
        mark("It can be answered once nobody blocks the other."),
    ),
    "why_not.blocked": (
        mark("This person does not want to hear from this account"),
        mark("Leave it at that, or answer elsewhere."),
    ),
    "why_not.closed": (mark("This thread is closed"), mark("The network takes no more answers.")),
    "why_not.companion_removed": (
        mark("The channel that posted answers for this one was removed"),
        mark("Choose another one in the channel's settings."),
    ),
    "why_not.deleted": (mark("The message was deleted"), mark("There is nothing left to answer.")),
    "why_not.unseen": (
        mark("The network does not show this message any more"),
        mark("It can be answered once it is seen there again."),
    ),
    "why_not.held": (mark("The message awaits approval"), mark("Approve it there before you answer.")),
    "why_not.may_not_send": (
        mark("The connected account may read here, but not write"),
        mark("Ask for more rights at the network."),
    ),
    "why_not.misconfigured": (
        mark("The channel's settings no longer work"),
        mark("Correct them, then you can answer."),
    ),
    "why_not.no_companion_target": (
        mark("The channel that posts answers does not know this message"),
        mark("Answer it at the original."),
    ),
    "why_not.read_only": (
        mark("This channel can only be read"),
        mark("Answer at the original, or choose a channel that posts answers in its settings."),
    ),
    "why_not.signed_out": (
        mark("The channel is signed out"),
        mark("Sign it in again, then you can answer."),
    ),
    "why_not.spam": (mark("This message was marked as spam"), mark("Take the mark off there before you answer.")),
    "why_not.trash": (mark("This message is in the trash"), mark("Take it out of the trash there before you answer.")),
    "why_not.window_closed": (
        mark("The network allowed an answer only for a while"),
        mark("That time is over; there may be another way to reach them."),
    ),
    # Channels
    "paused": (mark("The channel is paused"), mark("Resume it to receive and send.")),
    "misconfigured": (mark("A setting of the channel is wrong"), mark("Correct it and test the connection.")),
    "removed": (mark("The channel was removed"), mark("What waited for it is kept, but cannot be sent.")),
    "wrong_settings": (mark("The settings do not fit the plugin"), mark("Enter them again.")),
    "cursor_too_large": (mark("The plugin keeps too much"), mark("Tell whoever made the plugin.")),
    "unknown_kind": (
        mark("No plugin brings channels of the kind %(kind)s"),
        mark("`hub plugins` shows what there is."),
    ),
    "unknown_team": (mark("There is no team %(name)s"), mark("The page People shows those there are.")),
    "unknown_setting": (mark("%(kind)s has no setting of this name"), mark("It has: %(known)s.")),
    "setting_missing": (mark("This setting is needed: %(label)s"), mark("Add %(field)s=VALUE to the command.")),
    "not_a_package_name": (
        mark("No package can be made of the name %(name)s"),
        mark("It begins with a letter; letters, digits, single hyphens and spaces follow, 31 characters at most."),
    ),
    "kind_taken": (
        mark("There is a kind %(kind)s already, from %(plugin)s"),
        mark("Choose another name, or uninstall that one."),
    ),
    "folder_exists": (mark("%(folder)s is there already"), mark("Choose another folder, or take this one away.")),
    "folder_not_made": (mark("The folder %(folder)s cannot be made: %(said)s"), mark("Choose another folder.")),
    "unknown_channel": (mark("There is no channel %(name)s"), mark("`hub channel list` shows those there are.")),
    "unknown_token": (mark("There is no token %(number)s"), mark("`hub token list` shows those there are.")),
    "several_channels": (mark("More than one channel has this name"), mark("Name it by its number.")),
    "plugin_fault.too_large": (mark("The plugin handed over too much at once"), mark("Tell whoever made the plugin.")),
    "quarantined": (
        mark("The plugin ended too often and rests for a while"),
        mark("It is started again by itself. If it stays so, tell whoever made the plugin."),
    ),
    "hangs": (mark("The plugin does not answer"), mark("It is started again by itself; other channels go on.")),
    "died": (mark("The plugin ended unexpectedly"), mark("It is started again by itself; other channels go on.")),
    "wrong_type": (mark("The plugin handed over something we cannot read"), mark("Tell whoever made the plugin.")),
    "wrong_state": (mark("It no longer stands as it did"), mark("Reload to see how it stands, then decide again.")),
    "gave_up": (mark("We tried for a long time without success"), mark("Your text is kept and can be sent again.")),
    "cannot_pull_now": (mark("The channel is paused, or being looked at already"), mark("Try again in a moment.")),
    "no_companion_target": (
        mark("The channel that answers does not know this message"),
        mark("Answer it at the original."),
    ),
    "description_too_long": (mark("The description of a picture is too long"), mark("Make it shorter.")),
    "quote_with_pictures": (
        mark("A quote takes no pictures there"),
        mark("Take them out, or answer under the message instead."),
    ),
    "picture_not_taken": (mark("The network does not take this picture"), _KEPT),
    "no_quotes": (mark("This server knows no quotes"), mark("Your text is kept. Answer under the message instead.")),
    "poll_cannot_be_edited": (
        mark("A post with a poll cannot be changed from here: its votes would be lost"),
        mark("Change it at the network."),
    ),
    "too_many_listeners": (mark("So many channels cannot be listened to at once"), _AGAIN),
    "no_stream": (mark("The server does not tell of news by itself"), mark("It is asked regularly all the same.")),
    "sign_in_expired": (
        mark("Signing in took too long"),
        mark("Nothing was saved. Press the button again; you have a quarter of an hour."),
    ),
    "declined": (
        mark("The account was not opened to Hubbub"),
        mark("Nothing was saved. Sign in again and allow it, or enter a token."),
    ),
    "sign_in_refused": (
        mark("The server did not accept this sign-in"),
        mark("Nothing was saved. Sign in again from here."),
    ),
    "cannot_sign_in": (
        mark("Nobody can sign in at this server from here"),
        mark("Make a token there and enter it."),
    ),
    "--sign-in.not_offered": (
        mark("Nobody signs in on a page of %(kind)s"),
        mark("Leave --sign-in out, and give its settings with --set."),
    ),
    "connected_already": (
        mark("This account is connected already, as %(name)s"),
        mark("Nothing was saved. Use the channel that is there, or remove it first."),
    ),
    "another_account": (
        mark("This is another account than before: %(found)s, not %(known)s"),
        mark("Nothing was saved. Sign in as the account of this channel, or connect the other one as a new channel."),
    ),
    "restored": (
        mark("Hubbub was brought back from a backup or an export, and this may have gone out since"),
        mark("Look there first: if it is there, say so; if not, send it; or give it up."),
    ),
    "conflict.already_sent": (
        mark("This form was sent already"),
        mark("Reload the page to see what became of it."),
    ),
    # What people enter
    "unknown_field": (mark("The form sent a field that does not belong to it"), mark("Reload the page and try again.")),
    "repeated": (mark("The form sent a field twice"), mark("Reload the page and try again.")),
    "not_a_choice": (mark("This is not one of the choices"), mark("Choose one of the list.")),
    "not_a_number": (mark("This is not a number"), mark("Enter digits only.")),
    "out_of_range": (mark("This number is too small or too large"), mark("Enter another one.")),
    "not_an_email": (mark("This is not an e-mail address"), mark("It looks like name@company.example.")),
    "taken": (mark("This is taken already"), mark("Choose another one.")),
    "email.taken": (mark("Somebody with this address is here already"), mark("Look for them among the people.")),
    "unknown_person": (
        mark("Nobody here has this address"),
        mark("Check it for typing errors; who is new has to be invited first."),
    ),
    "last_admin": (
        mark("This is the last admin"),
        mark("Make somebody else an admin first, so that one is always there."),
    ),
    "wrong_sign_in": (
        mark("Address or password is not right"),
        mark("Check both. If you do not know the password, ask an admin for a link to choose a new one."),
    ),
    "not_the_same": (mark("The two are not the same"), mark("Enter the new password twice.")),
    "too_short": (
        mark("This is shorter than %(least)s characters"),
        mark("A few words in a row are easy to remember."),
    ),
    "password.too_long": (mark("This is longer than %(most)s characters"), mark("Choose a shorter one.")),
    "too_common": (
        mark("This password is easy to guess"),
        mark("Take a few words that do not belong together, without your name and the company's."),
    ),
    "not_text": (mark("This holds characters that are not text"), mark("Enter it again.")),
    "stale": (
        mark("Something was said that you have not seen"),
        mark("Look at what is new, decide again, and send the version you have seen then."),
    ),
    "too_far": (mark("This is more than %(days)s days ahead"), mark("Choose an earlier time.")),
    "not_a_version": (mark("This is no version of a conversation"), mark("Send the one you were told, as it is.")),
    "not_a_place": (mark("This is not where a page ended"), mark("Send the next you were told, as it is.")),
    "unknown_parameter": (mark("The address has a parameter that is not known here"), mark("Leave it out.")),
    "repeated_parameter": (mark("The address has this parameter twice"), mark("Send it once.")),
    "repeated_member": (mark("This field was sent twice"), mark("Send it once.")),
    "unknown_member": (mark("There is no field of this name"), mark("Leave it out, or look how it is spelled.")),
    "wrong_number": (mark("These are too many or too few"), mark("Send another number of them.")),
    "not_an_instant": (
        mark("This is not an instant"),
        mark("Write it with its offset from UTC, as in 2026-03-02T09:00:00Z."),
    ),
    "wrong_form": (mark("This is not written as it has to be"), mark("Look how it has to be written.")),
    "invalid.wrong_type": (mark("This is not of the right kind"), mark("Look what kind of value is expected there.")),
    "not_a_position": (mark("This is not a position in the log"), mark("Leave it out to begin at the end.")),
    "conflict.deactivated": (mark("This person can no longer sign in"), mark("Let them sign in again first.")),
    # The installation
    "database_unusable.locked": (
        mark("Another program holds the database"),
        mark("Close what else has opened it, then try again."),
    ),
    "database_unusable.damaged": (
        mark("The database is damaged"),
        mark(
            "Stop Hubbub, keep a copy of the data folder, then run `hub restore FILE --replace` with the last backup."
        ),
    ),
    "database_unusable.archive_damaged": (
        mark("This backup is damaged"),
        mark("Nothing was brought in. Name another copy of it, or an older one."),
    ),
    "database_unusable.newer": (
        mark("The database was made by a newer Hubbub"),
        mark("Install that version or a later one; nothing was changed."),
    ),
    "database_unusable.not_prepared": (
        mark("This folder holds no Hubbub yet"),
        mark("Run `hub init` or `hub up`, or name the right folder with HUB_DATA."),
    ),
    "database_unusable.no_driver": (
        mark("What is needed for PostgreSQL is not installed"),
        mark("Install it with pip install '.[postgres]', or leave HUB_DATABASE_URL away."),
    ),
    "database_unusable.unreachable": (
        mark("The database server does not answer"),
        mark("Check that it runs and that HUB_DATABASE_URL is right."),
    ),
    "storage_full.full": (mark("The disk is full"), mark("Free some space; nothing that was saved is lost.")),
    "storage_full.read_only": (
        mark("The data folder cannot be written to"),
        mark("Check its owner and permissions, and HUB_DATA."),
    ),
    "in_use": (
        mark("Another Hubbub runs on %(folder)s (process %(process)s)"),
        mark("Stop it first, or choose another folder with HUB_DATA."),
    ),
    "database_in_use": (
        mark("Another Hubbub works with this database"),
        mark("Stop every `hub up`, `hub serve` and `hub work` that uses it, on every machine, then try again."),
    ),
    "not_empty": (
        mark("%(folder)s holds an installation"),
        mark("Add --replace to put the archive in its place, or name an empty folder."),
    ),
    "file_exists": (mark("%(file)s is there already"), mark("Nothing is written over. Name a new one.")),
    "cannot_write_there": (
        mark("%(file)s cannot be written (%(why)s)"),
        mark("Name a place that exists and that you may write to."),
    ),
    "cannot_read_there": (
        mark("%(file)s cannot be read (%(why)s)"),
        mark("Name a file that `hub backup` or `hub export` has made."),
    ),
    "not_an_archive": (
        mark("%(file)s is no backup of Hubbub"),
        mark("Name a file that `hub backup` or `hub export` has made."),
    ),
    "not_an_export": (mark("%(file)s is no export of Hubbub"), mark("Name a folder that `hub export` has made.")),
    "bad_line": (
        mark("%(file)s, line %(line)s cannot be taken: %(why)s"),
        mark("Correct that line. Nothing was brought in."),
    ),
    "unknown_table": (
        mark("%(file)s belongs to no table of Hubbub"),
        mark("Take that file away, or import with the version that wrote it. Nothing was brought in."),
    ),
    "lines_missing": (
        mark("%(file)s has %(found)s lines, but the manifest says %(expected)s"),
        mark("Take the export again, or correct the manifest. Nothing was brought in."),
    ),
    "demo_folder": (
        mark("The folder %(folder)s holds the demo"),
        mark("Start it with `hub up --demo`, or choose another folder with HUB_DATA."),
    ),
    "real_folder": (
        mark("The folder %(folder)s holds a real installation, not the demo"),
        mark("Choose another folder for the demo with HUB_DATA."),
    ),
    "foreign_folder": (
        mark("The folder %(folder)s holds something else, so the demo does not start in it"),
        mark("Choose an empty or a new folder with HUB_DATA, or leave HUB_DATA away."),
    ),
    "not_postgresql": (
        mark("%(field)s is not the address of a PostgreSQL database"),
        mark("It begins with postgresql://."),
    ),
    "not_a_site": (
        mark("%(field)s is not the address of a site"),
        mark("It is how people reach the pages, such as https://hub.example.com, without a path."),
    ),
    "weak_token": (
        mark("%(field)s is too easy to guess"),
        mark("Take %(least)s characters or more, such as `openssl rand -hex 20` makes."),
    ),
    "port_in_use": (
        mark("Port %(port)s is taken by another program"),
        mark("Stop that program, or choose another port with --port."),
    ),
    "port_not_allowed": (
        mark("Port %(port)s needs more rights than this program has"),
        mark("Choose one above 1023 with --port."),
    ),
    "unknown_host": (mark("This machine has no address %(host)s"), mark("Choose another one with --host.")),
}

OFFERS = {
    "not_a_choice": mark("Choose one of these: %(detail)s"),
    "page_not_feed": mark("Enter the address of one of the feeds it offers: %(detail)s"),
}
"""What to do where the parameter `choices`, or the detail, is what a person can choose from, line by line."""
