//! The opening handshake as a request and a response of HAR 1.2.

use super::url::{query, url};
use crate::analysis::Connection;
use crate::http::{Head, Header, Headers, RequestLine, StatusLine};
use crate::report::encode::Lossy;
use serde::Serialize;

/// A name and a value: a header line, a cookie, a parameter of a URL.
#[derive(Debug, Serialize, PartialEq)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}

/// What the client asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request<'a> {
    method: &'a str,
    url: String,
    http_version: &'a str,
    cookies: Vec<Pair>,
    headers: Vec<Pair>,
    query_string: Vec<Pair>,
    headers_size: i64,
    body_size: i64,
}

/// What the server answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response<'a> {
    /// 0 where there is no answer, as in Chrome.
    status: u16,
    status_text: &'a str,
    http_version: &'a str,
    cookies: Vec<Pair>,
    headers: Vec<Pair>,
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect_url: String,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    size: i64,
    mime_type: String,
}

/// Of what was not looked at; "set to -1 if the info is not available" (HAR 1.2).
const UNKNOWN: i64 = -1;

impl<'a> Request<'a> {
    pub(super) fn new(head: Option<&'a Head<RequestLine>>, connection: &Connection<'_>) -> Request<'a> {
        let url = url(head, connection);
        let Some(head) = head else {
            let (cookies, headers, query_string) = Default::default();
            let (headers_size, body_size) = (UNKNOWN, UNKNOWN);
            return Request {
                method: "",
                url,
                http_version: "",
                cookies,
                headers,
                query_string,
                headers_size,
                body_size,
            };
        };
        Request {
            method: &head.line.method,
            query_string: query(&head.line.target),
            url,
            http_version: &head.line.version,
            // RFC 6265 §4.2.1: pairs with semicolons between them.
            cookies: head.all("cookie").flat_map(|line| line.split(|&byte| byte == b';')).filter_map(cookie).collect(),
            headers: headers(&head.headers),
            headers_size: size(head.length),
            body_size: 0,
        }
    }
}

impl<'a> Response<'a> {
    pub(super) fn new(head: Option<&'a Head<StatusLine>>, switched: bool) -> Response<'a> {
        let text =
            |head: &Head<StatusLine>, name| head.first(name).map_or(String::new(), |value| Lossy(value).to_string());
        // Behind a 101 there is no body; that of another answer was not looked at.
        let body_size = if switched { 0 } else { UNKNOWN };
        Response {
            status: head.map_or(0, |head| head.line.status),
            status_text: head.map_or("", |head| &head.line.reason),
            http_version: head.map_or("", |head| &head.line.version),
            // RFC 6265 §4.1.1: a cookie a line, attributes behind it.
            cookies: head.into_iter().flat_map(|head| head.all("set-cookie")).filter_map(set_cookie).collect(),
            headers: head.map_or(Vec::new(), |head| headers(&head.headers)),
            content: Content {
                size: body_size,
                mime_type: head.map_or(String::new(), |head| text(head, "content-type")),
            },
            redirect_url: head.map_or(String::new(), |head| text(head, "location")),
            headers_size: head.map_or(UNKNOWN, |head| size(head.length)),
            body_size,
        }
    }
}

fn size(length: u64) -> i64 {
    i64::try_from(length).unwrap_or(UNKNOWN)
}

fn headers(headers: &Headers) -> Vec<Pair> {
    let pair =
        |header: Header<'_>| Pair { name: Lossy(header.name).to_string(), value: Lossy(header.value).to_string() };
    headers.iter().map(pair).collect()
}

fn set_cookie(line: &[u8]) -> Option<Pair> {
    cookie(line.split(|&byte| byte == b';').next()?)
}

/// `name=value`; what is no such pair is none.
fn cookie(pair: &[u8]) -> Option<Pair> {
    let pair = pair.trim_ascii();
    let at = pair.iter().position(|&byte| byte == b'=')?;
    Some(Pair { name: Lossy(&pair[..at]).to_string(), value: Lossy(&pair[at + 1..]).to_string() })
}
