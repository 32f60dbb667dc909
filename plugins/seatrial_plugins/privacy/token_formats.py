"""Formats of tokens, as their providers document them, that detect-secrets 1.5 does not know or knows older forms of."""

from __future__ import annotations

import re

__all__ = ["FORMATS", "PROVIDER_TOKEN"]

FORMATS = {
    "1Password": r"ops_eyJ[0-9A-Za-z_-]{80,2000}",
    "age": r"AGE-SECRET-KEY-1[0-9A-Z]{58}",
    "Airtable": r"pat[0-9A-Za-z]{14}\.[0-9a-f]{64}",
    "Alibaba": r"LTAI[0-9A-Za-z]{16,24}",
    "Anthropic": r"sk-ant-[a-z]{3,5}[0-9]{2}-[0-9A-Za-z_-]{80,255}",
    "Atlassian": r"AT(?:ATT3x|CTT3x|BB)[0-9A-Za-z_=-]{24,255}",
    "Brevo": r"xkeysib-[0-9a-f]{64}-[0-9A-Za-z]{16}",
    "Databricks": r"dapi[0-9a-f]{32}(?:-[0-9])?",
    "DigitalOcean": r"do[opr]_v1_[0-9a-f]{64}",
    "Discord, webhook": r"https://(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/[0-9]{16,20}/[0-9A-Za-z_-]{60,72}",
    "Docker": r"dckr_[po]at_[0-9A-Za-z_-]{27,64}",
    "Doppler": r"dp\.(?:pt|st|ct|scim|audit)\.(?:[0-9a-z_-]{2,35}\.)?[0-9A-Za-z]{40,44}",
    "Dynatrace": r"dt0[a-z][0-9]{2}\.[0-9A-Z]{24}\.[0-9A-Z]{64}",
    "Figma": r"figd_[0-9A-Za-z_-]{38,64}",
    "GitHub, fine-grained": r"github_pat_[0-9A-Za-z_]{36,255}",
    "Google": r"AIza[0-9A-Za-z_-]{35}",
    "Google OAuth": r"GOCSPX-[0-9A-Za-z_-]{28}",
    "Google OAuth, access": r"ya29\.[0-9A-Za-z_-]{20,512}",
    "Google OAuth, refresh": r"1//0[0-9A-Za-z_-]{40,128}",
    "Grafana": r"gl(?:sa_[0-9A-Za-z]{32}_[0-9a-f]{8}|c_eyJ[0-9A-Za-z+/=]{32,400})",
    "Groq": r"gsk_[0-9A-Za-z]{52}",
    "HashiCorp Terraform": r"[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,70}",
    "HashiCorp Vault": r"hv[sbr]\.[0-9A-Za-z_-]{24,255}",
    "Hugging Face": r"(?:hf|api_org)_[0-9A-Za-z]{34}",
    "Linear": r"lin_(?:api|oauth)_[0-9A-Za-z]{32,64}",
    "Mailgun": r"(?<![_-])key-[0-9a-f]{32}",
    "Meta": r"(?<![+/])EAA[0-9A-Za-z]{80,255}",
    "New Relic": r"NR(?:AK-[0-9A-Z]{27}|RA-[0-9a-f]{42}|II-[0-9A-Za-z-]{32})",
    "Notion": r"(?:secret_[0-9A-Za-z]{43}|ntn_[0-9A-Za-z]{40,64})",
    "npm": r"npm_[0-9A-Za-z]{36}",
    "NuGet": r"oy2[0-9a-z]{43}",
    "NVIDIA": r"nvapi-[0-9A-Za-z_-]{60,72}",
    "OpenAI and its like": r"sk-(?=[A-Za-z]{0,40}[0-9])[0-9A-Za-z]{32,64}",
    "OpenAI, project or service": r"sk-(?:proj|svcacct|admin)-[0-9A-Za-z_-]{40,255}",
    "OpenRouter": r"sk-or-v1-[0-9a-f]{64}",
    "Perplexity": r"pplx-[0-9A-Za-z]{48,56}",
    "PlanetScale": r"pscale_(?:tkn|pw|oauth)_[0-9A-Za-z_.=-]{32,64}",
    "Postman": r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    "Pulumi": r"pul-[0-9a-f]{40}",
    "Replicate": r"r8_[0-9A-Za-z]{37}",
    "RubyGems": r"rubygems_[0-9a-f]{48}",
    "Sentry": r"sntr(?:yu_[0-9a-f]{64}|ys_eyJ[0-9A-Za-z+/=_-]{40,400})",
    "Shopify": r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    "Slack, application": r"xapp-[0-9]-[0-9A-Z]{8,16}-[0-9]{8,16}-[0-9a-f]{32,64}",
    "Slack, browser": r"xox[cde]-(?:[0-9]{8,14}-){0,4}[0-9A-Za-z%+/=]{20,255}",
    "Slack, refresh": r"xoxe\.xox[bp]-[0-9]-[0-9A-Za-z]{100,255}",
    "Square": r"(?:sq0atp-[0-9A-Za-z_-]{22}|EAAA[0-9A-Za-z_-]{56,64})",
    "Stripe, test": r"[rs]k_test_[0-9A-Za-z]{24,255}",
    "Stripe, webhook": r"whsec_[0-9A-Za-z]{32,64}",
    "Supabase": r"sb(?:p_[0-9a-f]{40}|_secret_[0-9A-Za-z_-]{28,64})",
    "Tailscale": r"tskey-[a-z]{3,12}-[0-9A-Za-z]{10,20}-[0-9A-Za-z]{20,48}",
    "WooCommerce": r"c[ks]_[0-9a-f]{40}",
    "xAI": r"xai-[0-9A-Za-z]{70,84}",
}
"""Provider → its token."""

PROVIDER_TOKEN = re.compile(rf"(?<![0-9A-Za-z])(?:{'|'.join(FORMATS.values())})(?![0-9A-Za-z])")
