"""Feeds in the shapes that blog engines write, shortened."""

from __future__ import annotations

import json

WORDPRESS_RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:atom="http://www.w3.org/2005/Atom" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel><title>Comments for Garden</title>
<atom:link href="https://garden.example/comments/feed/" rel="self" type="application/rss+xml" />
<link>https://garden.example</link><lastBuildDate>Sun, 01 Mar 2026 10:00:00 +0000</lastBuildDate>
<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>
<item><title>Comment on Hard &#038; soft water by Bo</title>
<link>https://garden.example/water/comment-page-2/#comment-8</link><dc:creator><![CDATA[Bo]]></dc:creator>
<pubDate>Sun, 01 Mar 2026 10:00:00 +0000</pubDate><guid isPermaLink="false">https://garden.example/?p=5#comment-8</guid>
<description>In reply to Ann. No!</description>
<content:encoded><![CDATA[<p>In reply to <a href="/water/#comment-7">Ann</a>.</p>
<p>No!</p>]]></content:encoded></item>
<item><title>Comment on Hard &#038; soft water by Ann</title>
<link>https://garden.example/water/#comment-7</link><dc:creator><![CDATA[Ann]]></dc:creator>
<pubDate>Sun, 01 Mar 2026 09:00:00 +0000</pubDate><guid isPermaLink="false">https://garden.example/?p=5#comment-7</guid>
<description>Really?</description><content:encoded><![CDATA[<p>Really?</p>]]></content:encoded></item>
</channel></rss>"""

WORDPRESS_ATOM = """<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de-DE"
 xmlns:thr="http://purl.org/syndication/thread/1.0"><title type="text">Kommentare zu: Hartes Wasser</title>
<link rel="alternate" type="text/html" href="https://garden.example/water/" />
<link rel="self" type="application/atom+xml" href="https://garden.example/water/feed/atom/" />
<id>https://garden.example/water/feed/atom/</id>
<entry><title>Von: Bo</title><link rel="alternate" href="https://garden.example/water/#comment-8" type="text/html" />
<author><name>Bo</name></author><id>https://garden.example/?p=5#comment-8</id>
<updated>2026-03-01T10:00:00Z</updated><published>2026-03-01T10:00:00Z</published>
<content type="html" xml:base="https://garden.example/water/#comment-8"><![CDATA[<p>Nein!</p>]]></content>
<thr:in-reply-to ref="https://garden.example/?p=5#comment-7" href="https://garden.example/water/#comment-7"
 type="text/html" /></entry>
<entry><title>Von: Ann</title><link rel="alternate" href="https://garden.example/water/#comment-7" type="text/html" />
<author><name>Ann</name><uri>https://ann.example</uri></author><id>https://garden.example/?p=5#comment-7</id>
<updated>2026-03-01T09:00:00Z</updated><published>2026-03-01T09:00:00Z</published>
<content type="html" xml:base="https://garden.example/water/#comment-7"><![CDATA[<p>Wirklich?</p>]]></content>
<thr:in-reply-to ref="https://garden.example/?p=5" href="https://garden.example/water/" type="text/html" /></entry>
</feed>"""

BLOGGER = """<?xml version='1.0' encoding='UTF-8'?><feed xmlns='http://www.w3.org/2005/Atom'
 xmlns:thr='http://purl.org/syndication/thread/1.0'><id>tag:blogger.com,1999:blog-1.comments</id>
<title type='text'>Comments on Garden</title>
<entry><id>tag:blogger.com,1999:blog-1.post-22</id><published>2026-03-01T10:00:00.001+01:00</published>
<updated>2026-03-01T10:00:00.001+01:00</updated><title type='text'>Really? I thought...</title>
<content type='html'>Really?&lt;br /&gt;I thought so.</content>
<link rel='alternate' type='text/html'
 href='https://garden.example/2026/02/water.html?showComment=1772355600001#c22'/>
<author><name>Ann</name><uri>https://www.blogger.com/profile/7</uri><email>noreply@blogger.com</email></author>
<thr:in-reply-to href='https://garden.example/2026/02/water.html' ref='tag:blogger.com,1999:blog-1.post-20'
 source='https://garden.example/feeds/posts/default/20' type='text/html'/></entry></feed>"""

RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://news.example/feed"><title>News</title><link>https://news.example</link></channel>
<item rdf:about="https://news.example/1"><title>Brightwater tested</title><link>https://news.example/1</link>
<dc:date>2026-02-01T10:00:00Z</dc:date><dc:creator>Editor</dc:creator><description>We tried it.</description></item>
</rdf:RDF>"""

JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "News",
        "home_page_url": "https://news.example",
        "language": "en",
        "authors": [{"name": "Editor", "url": "https://news.example/editor"}],
        "items": [
            {
                "id": 7,
                "url": "https://news.example/7",
                "title": "Brightwater tested",
                "content_html": "<p>We tried it.</p>",
                "date_published": "2026-02-01T11:00:00+01:00",
                "date_modified": "2026-02-02T10:00:00Z",
                "attachments": [
                    {"url": "https://news.example/7.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 9},
                    {"url": "data:text/html,x", "mime_type": "text/html"},
                ],
            },
            {"id": {"no": "id"}, "content_text": 9},
            {"id": "8", "content_text": "a < b", "authors": [{"name": "Guest"}]},
        ],
    }
)

PAGE = """<!DOCTYPE html><html><head><meta name="generator" content="WordPress 6.9">
<link rel="alternate" type="application/rss+xml" title="Garden &raquo; Feed" href="https://garden.example/feed/" />
<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed/" />
<link rel="alternate" type="application/json+oembed" href="https://garden.example/oembed" />
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)" />
</head><body>Garden</body></html>"""


def rss(*items: str, channel: str = "") -> str:
    return f'<rss version="2.0"><channel><title>Garden</title>{channel}{"".join(items)}</channel></rss>'


def item(guid: str = "", *, link: str = "", text: str = "text", date: str = "", title: str = "") -> str:
    parts = {"guid": guid, "link": link, "pubDate": date, "title": title, "description": text}
    return f"<item>{''.join(f'<{name}>{value}</{name}>' for name, value in parts.items() if value)}</item>"
