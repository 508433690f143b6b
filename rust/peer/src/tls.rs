//! TLS of both sides: each shows its certificate, and wants one of the authority.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rsocket_runtime::tls::rustls::{ClientConfig, ServerConfig};
use rsocket_runtime::tls::{Certificates, ClientBuilder, Identity, Roots, ServerBuilder};

use crate::options::Tls;

impl Tls {
    /// `None` where the command line names no certificates.
    pub(crate) fn client(&self) -> anyhow::Result<Option<Arc<ClientConfig>>> {
        let Some((roots, certificates)) = self.read()? else {
            return Ok(None);
        };
        let builder = ClientBuilder::new(roots).certificates(certificates);
        Ok(Some(builder.build()?))
    }

    /// `None` where the command line names no certificates.
    pub(crate) fn server(&self) -> anyhow::Result<Option<Arc<ServerConfig>>> {
        let Some((roots, certificates)) = self.read()? else {
            return Ok(None);
        };
        let builder = ServerBuilder::new(certificates).require_clients(roots);
        Ok(Some(builder.build()?))
    }

    fn read(&self) -> anyhow::Result<Option<(Roots, Arc<Certificates>)>> {
        let (Some(ca), Some(cert), Some(key)) = (&self.tls_ca, &self.tls_cert, &self.tls_key)
        else {
            return Ok(None);
        };
        let roots = Roots::from_pem(&contents(ca)?)?;
        let identity = Identity::from_pem(&contents(cert)?, &contents(key)?)?;
        Ok(Some((roots, Certificates::new(identity))))
    }
}

fn contents(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("reading {}", file.display()))
}
