//! What client and server say of permessage-deflate in the opening handshake (RFC 7692 §5 and §7).

mod answer;
mod offer;
mod params;

pub use answer::RULES as ANSWER_RULES;
pub use offer::RULES as OFFER_RULES;

use super::docket::Docket;
use super::header_syntax::is_cut;
use super::referee::{Context, Topic};
use crate::websocket::{Extension, Family, Handshake};

/// Judges the negotiation. A handshake is told once and whole, so nothing is remembered.
#[derive(Debug, Default)]
pub(super) struct NegotiationRules;

impl Topic for NegotiationRules {
    fn handshake(&mut self, handshake: &Handshake, _: &Context, docket: &mut Docket) {
        if handshake.offers.is_empty() && handshake.extensions.is_empty() {
            return;
        }
        // The drafts had extensions of the same name with other parameters.
        if handshake.family != Family::Rfc6455 {
            return;
        }
        let attempt = &handshake.attempt;
        let request = attempt.request.as_ref().filter(|request| !is_cut(request));
        let offers: Vec<&Extension> = permessage_deflate(&handshake.offers).collect();
        if let Some(request) = request {
            offer::judge(request, &offers, docket);
        }
        let Some(response) = &attempt.response else { return };
        let mut answers = permessage_deflate(&handshake.extensions);
        let Some(first) = answers.next() else { return };
        answer::judge(response, first, docket);
        let mut count: usize = 1;
        for further in answers {
            answer::judge(response, further, docket);
            count += 1;
        }
        if count > 1 {
            answer::judge_count(response, count, docket);
        }
        // Whether an extension was offered at all is for the rules of the response to say.
        if request.is_some() && !offers.is_empty() {
            answer::judge_match(response, &offers, first, attempt.after_gap, docket);
        }
    }
}

fn permessage_deflate(extensions: &[Extension]) -> impl Iterator<Item = &Extension> {
    extensions.iter().filter(|extension| extension.is_permessage_deflate())
}
