using System.Security.Authentication;
using Kist.Kernel.Hcl;
using static Kist.Server.Configuration.ConfigValues;

namespace Kist.Server.Configuration;

/// <summary>Reads <c>listener "tcp" { … }</c>.</summary>
internal static class ListenerStanza
{
    /// <summary>The listener; keys without effect are told to <paramref name="warn"/>.</summary>
    public static ListenerConfig Read(HclBlock block, HclObject body, Action<HclPosition, string> warn)
    {
        if (block.Labels[0] != "tcp") throw Wrong(block.Position, "listener", "has a type other than \"tcp\"");
        var address = "127.0.0.1:8200";
        foreach (var member in body.Members)
            if (member.Key == "address") address = Text(member);
        if (!Address.TryParse(address, out var endPoint))
            throw Wrong(block.Position, "address", "must be an IP address and a port, such as 127.0.0.1:8200");
        var listener = new ListenerConfig(endPoint);
        foreach (var member in body.Members) listener = With(listener, member, warn);
        if ((listener.CertificateFile is null) != (listener.KeyFile is null))
            throw Wrong(block.Position, "listener", "needs both tls_cert_file and tls_key_file, or neither");
        // It would look protected and be open to everybody.
        if (listener.NeedsClientCertificate && !listener.UsesTls)
            throw Wrong(block.Position, "tls_require_and_verify_client_cert",
                "needs TLS: give tls_cert_file and tls_key_file, and no tls_disable");
        if (listener.TlsVersions == SslProtocols.None)
            throw Wrong(block.Position, "tls_min_version", "must not be above tls_max_version");
        return listener;
    }

    private static ListenerConfig With(ListenerConfig listener, HclMember member, Action<HclPosition, string> warn)
    {
        switch (member.Key)
        {
            case "address" or "purpose":
                return listener;
            case "tls_cert_file":
                return listener with { CertificateFile = File(member) };
            case "tls_key_file":
                return listener with { KeyFile = File(member) };
            case "tls_client_ca_file":
                return listener with { ClientAuthorityFile = File(member) };
            case "tls_require_and_verify_client_cert":
                return listener with { NeedsClientCertificate = Flag(member) };
            case "tls_disable_client_certs" when Flag(member):
                return listener with { NeedsClientCertificate = false };
            case "tls_disable":
                return listener with { TlsDisable = Flag(member) };
            case "tls_min_version":
                return listener with { TlsVersions = listener.TlsVersions & From(member) };
            case "tls_max_version":
                return listener with { TlsVersions = listener.TlsVersions & UpTo(member) };
            case "telemetry" when member.Value is HclObject telemetry:
                return listener with
                {
                    OpenMetrics = telemetry.Members.Any(m => m.Key == "unauthenticated_metrics_access" && Flag(m)),
                };
            default:
                warn(member.Position, $"\"{member.Key}\" has no effect in listener \"tcp\"");
                return listener;
        }
    }

    // An empty name is one that a template left out.
    private static string? File(HclMember member) => Text(member) is { Length: > 0 } path ? path : null;

    // Below 1.2 nothing is spoken: a lower bound down there is met.
    private static SslProtocols From(HclMember member) => Text(member) switch
    {
        "" or "tls10" or "tls11" or "tls12" => SslProtocols.Tls12 | SslProtocols.Tls13,
        "tls13" => SslProtocols.Tls13,
        _ => throw Wrong(member.Position, member.Key, "must be tls12 or tls13"),
    };

    private static SslProtocols UpTo(HclMember member) => Text(member) switch
    {
        "" or "tls13" => SslProtocols.Tls12 | SslProtocols.Tls13,
        "tls12" => SslProtocols.Tls12,
        _ => throw Wrong(member.Position, member.Key, "must be tls12 or tls13"),
    };
}
