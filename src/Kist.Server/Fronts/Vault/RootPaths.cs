using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Secrets;

namespace Kist.Server.Fronts.Vault;

/// <summary><c>sys/generate-root</c>: attempt, update.</summary>
internal sealed class RootPaths(Node node)
{
    public NodePath[] All =>
    [
        new("sys/generate-root/attempt")
        {
            Get = ReadAsync, Put = BeginAsync, Delete = CancelAsync, MaxBodyBytes = NodePath.LargeBodyBytes,
        },
        new("sys/generate-root/update") { Put = UpdateAsync },
    ];

    private async ValueTask<Response> ReadAsync(NodeCall call)
    {
        if (node.Current is not { } kernel) return Fault.Sealed;
        var (status, fault) = await kernel.RootGeneration.StatusAsync(call.Aborted);
        return fault is not null ? fault : Answer(status!, null, RootGeneration.PasswordBytes);
    }

    private async ValueTask<Response> BeginAsync(NodeCall call)
    {
        if (node.Current is not { } kernel) return Fault.Sealed;
        using var given = call.Body.Text("otp");
        if (call.Body.Fault is { } malformed) return malformed;
        if (InitPaths.PgpRefusalOf(call.Body) is { } encrypted) return encrypted;
        using var made = given is null ? RootGeneration.NewPassword() : null;
        var (status, fault) = await kernel.RootGeneration.BeginAsync(given ?? made!, call.Aborted);
        return fault is not null ? fault : Answer(status!, made, RootGeneration.PasswordBytes);
    }

    private async ValueTask<Response> CancelAsync(NodeCall call)
    {
        if (node.Current is not { } kernel) return Fault.Sealed;
        var nonce = call.Nonce;
        if (call.Body.Fault is { } malformed) return malformed;
        return await kernel.RootGeneration.CancelAsync(nonce, call.Aborted) is { } fault ? fault : Response.None;
    }

    private async ValueTask<Response> UpdateAsync(NodeCall call)
    {
        using var key = call.Body.Key("'key' must be specified in request body as JSON");
        var nonce = call.Nonce;
        if (call.Body.Fault is { } malformed) return malformed;
        if (node.Current is not { } kernel) return Fault.Sealed;
        var (status, fault) = await kernel.RootGeneration.GiveAsync(key!, nonce ?? "", call.Aborted);
        return fault is not null ? fault : Answer(status!, null, 0);
    }

    private static Response Answer(RootStatus status, SecretBuffer? password, int passwordBytes) =>
        Response.Json(json =>
        {
            json.WriteString("nonce", status.Nonce);
            json.WriteBoolean("started", status.IsStarted);
            json.WriteNumber("progress", status.Progress);
            json.WriteNumber("required", status.Required);
            json.WriteBoolean("complete", status.EncodedToken is not null);
            json.WriteString("encoded_token", status.EncodedToken ?? "");
            json.WriteString("encoded_root_token", status.EncodedToken ?? "");
            json.WriteString("pgp_fingerprint", "");
            json.WriteString("otp", password is null ? default : password.Span);
            json.WriteNumber("otp_length", passwordBytes);
        });
}
