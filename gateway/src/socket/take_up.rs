//! A call goes on after its client has lost its socket, or its network: both look for a new way for media
//! (ICE restart), under the keys that they have.

use janet_protocol::{Outgoing, RequestId, SdpType, ServerMessage, WireError};

use super::connection::Connection;
use super::realtime::{Realtime, media_error};
use super::voip::of_call;
use crate::calls::Refusal;
use crate::webrtc::{Again, Description};

impl Connection {
    /// `voip_call` with the name of the call that goes on.
    pub(super) async fn take_up(
        &mut self,
        call_id: String,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        let voip = self.call(&call_id)?;
        let Some(media) = voip.media() else {
            return Err(voip.refuse(Refusal::Busy));
        };
        let again = media
            .again(None)
            .await
            .map_err(|error| of_call(Some(call_id.clone()), media_error(&error, "call_id")))?;
        let Again::Agreed(Description::Offer(sdp)) = again else {
            return Err(voip.refuse(Refusal::Busy));
        };
        if let Some(Realtime::Voip(voip)) = &mut self.realtime {
            voip.renews = true;
        }
        let message = ServerMessage::VoipOffer {
            call_id,
            sdp: sdp.into(),
            sdp_type: SdpType::Offer,
            node_id: self.app.node.as_str().to_owned(),
            ice_servers: self.ice_servers(),
        };
        Ok(Some(Outgoing {
            request_id,
            message,
        }))
    }

    /// `voip_answer` to that.
    pub(super) async fn renewed(
        &mut self,
        call_id: String,
        sdp: String,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        let voip = self.call(&call_id)?;
        let status = voip.state();
        if let Some(media) = voip.media() {
            let taken = media.answered(sdp).await;
            taken.map_err(|error| of_call(Some(call_id.clone()), media_error(&error, "sdp")))?;
        }
        if let Some(Realtime::Voip(voip)) = &mut self.realtime {
            voip.renews = false;
        }
        let message = ServerMessage::VoipConnected { call_id, status };
        Ok(Some(Outgoing {
            request_id,
            message,
        }))
    }
}
