using System.Text.Json;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Fronts.Vault;

/// <summary><c>sys/rekey</c> and <c>sys/rekey-recovery-key</c>: init, update, verify.</summary>
internal sealed class RekeyPaths(Node node, string root, Func<Unsealed, Rekey> which)
{
    private const string NoKey = "'key' must be specified in request body as JSON";

    private static readonly Field<long> Shares =
        Fields.Number("secret_shares", "Into how many shares the new key is cut");
    private static readonly Field<long> Threshold = Fields.Number("secret_threshold", "How many of them are needed");
    private static readonly Field<bool> Backup = Fields.Flag("backup", "Keep the encrypted new keys");
    private static readonly Field<bool> Verifies =
        Fields.Flag("require_verification", "The new keys count only once enough of them were given back");

    public NodePath[] All =>
    [
        new(root + "/init")
        {
            Get = ReadAsync, Put = BeginAsync, Delete = CancelAsync, MaxBodyBytes = NodePath.LargeBodyBytes,
        },
        new(root + "/update") { Put = UpdateAsync },
        new(root + "/verify") { Get = ReadVerificationAsync, Put = VerifyAsync, Delete = RestartAsync },
    ];

    private async ValueTask<Response> ReadAsync(NodeCall call)
    {
        if (node.Current is not { } kernel) return Fault.Sealed;
        var (status, fault) = await which(kernel).StatusAsync(call.Aborted);
        return fault is not null ? fault : Answer(status!);
    }

    private async ValueTask<Response> BeginAsync(NodeCall call)
    {
        if (node.Current is not { } kernel) return Fault.Sealed;
        var split = InitPaths.SplitOf(call.Body, Shares, Threshold);
        var backup = call.Body.Get(Backup);
        var verifies = call.Body.Get(Verifies);
        if (call.Body.Fault is { } malformed) return malformed;
        if (InitPaths.PgpRefusalOf(call.Body) is { } encrypted) return encrypted;
        if (backup)
            return Fault.Invalid("cannot request a backup of the new keys without providing PGP keys for encryption");
        var (status, fault) = await which(kernel).BeginAsync(split, verifies, call.Aborted);
        return fault is not null ? fault : Answer(status!);
    }

    private async ValueTask<Response> CancelAsync(NodeCall call)
    {
        if (node.Current is not { } kernel) return Fault.Sealed;
        var nonce = call.Nonce;
        if (call.Body.Fault is { } malformed) return malformed;
        return await which(kernel).CancelAsync(nonce, call.Aborted) is { } fault ? fault : Response.None;
    }

    private async ValueTask<Response> UpdateAsync(NodeCall call)
    {
        using var key = call.Body.Key(NoKey);
        var nonce = call.Nonce;
        if (call.Body.Fault is { } malformed) return malformed;
        if (node.Current is not { } kernel) return Fault.Sealed;
        var (progress, fault) = await which(kernel).GiveAsync(key!, nonce ?? "", call.Aborted);
        if (fault is not null) return fault;
        using (progress)
            return progress!.IsComplete ? Response.Json(json => WriteNewKeys(json, progress)) : Answer(progress.Status);
    }

    private async ValueTask<Response> ReadVerificationAsync(NodeCall call)
    {
        if (node.Current is not { } kernel) return Fault.Sealed;
        var (status, fault) = await which(kernel).VerificationAsync(call.Aborted);
        return fault is not null ? fault : VerificationAnswer(status!);
    }

    private async ValueTask<Response> VerifyAsync(NodeCall call)
    {
        using var key = call.Body.Key(NoKey);
        var nonce = call.Nonce;
        if (call.Body.Fault is { } malformed) return malformed;
        if (node.Current is not { } kernel) return Fault.Sealed;
        var (progress, fault) = await which(kernel).VerifyAsync(key!, nonce ?? "", call.Aborted);
        if (fault is not null) return fault;
        if (!progress!.IsComplete) return VerificationAnswer(progress.Status);
        return Response.Json(json =>
        {
            json.WriteString("nonce", progress.Status.VerificationNonce);
            json.WriteBoolean("complete", true);
        });
    }

    private async ValueTask<Response> RestartAsync(NodeCall call)
    {
        if (node.Current is not { } kernel) return Fault.Sealed;
        var (status, fault) = await which(kernel).RestartVerificationAsync(call.Aborted);
        return fault is not null ? fault : VerificationAnswer(status!);
    }

    private static Response Answer(RekeyStatus status) => Response.Json(json =>
    {
        json.WriteString("nonce", status.Nonce);
        json.WriteBoolean("started", status.IsStarted);
        json.WriteNumber("t", status.Split.Threshold);
        json.WriteNumber("n", status.Split.Shares);
        json.WriteNumber("progress", status.Progress);
        json.WriteNumber("required", status.Required);
        WriteOptions(json, status);
        if (status.VerificationNonce is { } nonce) json.WriteString("verification_nonce", nonce);
    });

    private static Response VerificationAnswer(RekeyStatus status) => Response.Json(json =>
    {
        json.WriteString("nonce", status.VerificationNonce ?? "");
        json.WriteBoolean("started", status.VerificationNonce is not null);
        json.WriteNumber("t", status.Split.Threshold);
        json.WriteNumber("n", status.Split.Shares);
        json.WriteNumber("progress", status.Verified);
    });

    private static void WriteNewKeys(Utf8JsonWriter json, RekeyProgress progress)
    {
        json.WriteString("nonce", progress.Status.Nonce);
        json.WriteBoolean("complete", true);
        json.WriteKeys("keys", progress.Shares);
        WriteOptions(json, progress.Status);
        if (progress.VerificationNonce is { } nonce) json.WriteString("verification_nonce", nonce);
    }

    private static void WriteOptions(Utf8JsonWriter json, RekeyStatus status)
    {
        json.WriteNull("pgp_fingerprints");
        json.WriteBoolean("backup", false);
        json.WriteBoolean("verification_required", status.Verifies);
    }
}
