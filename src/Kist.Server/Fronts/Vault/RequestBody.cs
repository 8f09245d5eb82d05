using System.IO.Pipelines;
using Kist.Secrets;

namespace Kist.Server.Fronts.Vault;

/// <summary>The body of one request, in a pooled buffer that is zeroed afterwards.</summary>
internal sealed class RequestBody : IDisposable
{
    /// <summary>How much of a too large body is read and thrown away, so that the client gets to see the 413.</summary>
    private const long MaxDrainBytes = 67_108_864;

    private SecretWriter? _bytes;

    /// <summary>What was read.</summary>
    public ReadOnlyMemory<byte> Memory => _bytes is null ? default : _bytes.WrittenMemory;

    /// <summary>Reads the whole body; false when it is larger than <paramref name="limit"/>.</summary>
    public async ValueTask<bool> ReadAsync(HttpExchange http, int limit, bool drains)
    {
        http.LiftBodyLimit();
        var reader = http.Body;
        if (http.Headers.ContentLength > limit) return await RefuseAsync(reader, limit, drains);
        _bytes = new SecretWriter(Math.Min((int)(http.Headers.ContentLength ?? 1024), 65_536) + 1);
        while (true)
        {
            var result = await reader.ReadAsync();
            foreach (var part in result.Buffer)
            {
                if (_bytes.WrittenCount + part.Length > limit)
                {
                    reader.AdvanceTo(result.Buffer.End);
                    return await RefuseAsync(reader, limit, drains);
                }
                _bytes.Write(part.Span);
            }
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) return true;
        }
    }

    /// <summary>Puts other bytes in the place of what was read, and zeroes that.</summary>
    public void Replace(SecretWriter bytes)
    {
        _bytes?.Dispose();
        _bytes = bytes;
    }

    /// <inheritdoc/>
    public void Dispose() => _bytes?.Dispose();

    private static async ValueTask<bool> RefuseAsync(PipeReader reader, int limit, bool drains)
    {
        for (long read = 0; drains && read < MaxDrainBytes - limit;)
        {
            var result = await reader.ReadAsync();
            read += result.Buffer.Length;
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) break;
        }
        return false;
    }
}
