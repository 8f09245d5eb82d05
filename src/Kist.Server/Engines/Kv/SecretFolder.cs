using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;

namespace Kist.Server.Engines.Kv;

/// <summary>
/// Where a mount keeps its secrets, the same for both versions: <c>s/PATH</c> the records, <c>v/ID/NUMBER</c> older
/// payloads, <c>c/PATH</c> custom metadata that waits for its secret, <c>config</c>. An unversioned mount writes
/// records of one version, so that its upgrade changes no data.
/// </summary>
internal sealed class SecretFolder(Storage storage)
{
    /// <summary>The whole mount.</summary>
    public Storage Storage { get; } = storage;

    /// <summary>The records by path.</summary>
    public Storage Secrets { get; } = storage.Sub("s/");

    /// <summary>Older payloads.</summary>
    public Storage Older { get; } = storage.Sub("v/");

    public static string SecretKey(string path) => "s/" + path;

    /// <summary>The path of the secret that lies under a key; null: something else lies there.</summary>
    public static string? PathOfKey(string key) => key.StartsWith("s/", StringComparison.Ordinal) ? key[2..] : null;

    public static string OlderKey(Guid secret, long number) => "v/" + VersionPayload.Key(secret, number);

    public static string PendingKey(string path) => "c/" + path;

    /// <summary>The names in a folder; 404 when it is empty. Reads names only, and only those of the page.</summary>
    public async ValueTask<Response> ListAsync(string folder, string after, long limit, CancellationToken ct)
    {
        var names = await Secrets.ListAsync(folder, after, (int)Math.Clamp(limit, 0, int.MaxValue), ct);
        return names.Count == 0 ? Response.None : Response.Json(json =>
        {
            json.WriteStartArray("keys");
            foreach (var name in names) json.WriteStringValue(name);
            json.WriteEndArray();
        });
    }

    /// <summary>What is said about a secret that no store value can hold.</summary>
    public static Fault TooLarge(int bytes) => new(FaultKind.TooLarge,
        $"the secret is too large: with its metadata it has {bytes} bytes, at most {Storage.MaxValueBytes} fit");
}
