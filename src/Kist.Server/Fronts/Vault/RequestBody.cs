using System.IO.Pipelines;
using Kist.Secrets;
using Microsoft.AspNetCore.Http;

namespace Kist.Server.Fronts.Vault;

/// <summary>The body of one request after the other, in a pooled buffer that is zeroed after each.</summary>
internal sealed class RequestBody : IDisposable
{
    /// <summary>How much of a too large body is read and thrown away, so that the client gets to see the 413.</summary>
    private const long MaxDrainBytes = 67_108_864;

    private SecretWriter? _bytes;

    /// <summary>What was read.</summary>
    public ReadOnlyMemory<byte> Memory => _bytes is null ? default : _bytes.WrittenMemory;

    /// <summary>
    /// Reads the whole body; false when it is larger than <paramref name="limit"/>. Unless the rest was thrown away
    /// (<paramref name="drains"/>), reading can go on with a larger limit.
    /// </summary>
    public async ValueTask<bool> ReadAsync(HttpExchange http, int limit, bool drains)
    {
        http.LiftBodyLimit();
        var reader = http.Body;
        if (http.Headers.ContentLength > limit) return await RefuseAsync(reader, limit, drains);
        _bytes ??= new SecretWriter(Math.Min((int)(http.Headers.ContentLength ?? 1024), 65_536) + 1);
        while (true)
        {
            var result = await NextAsync(reader);
            if (_bytes.WrittenCount + result.Buffer.Length > limit)
            {
                reader.AdvanceTo(result.Buffer.Start);
                return await RefuseAsync(reader, limit, drains);
            }
            foreach (var part in result.Buffer) _bytes.Write(part.Span);
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

    /// <summary>Zeroes what was read; another body may be read then.</summary>
    public void Dispose()
    {
        _bytes?.Dispose();
        _bytes = null;
    }

    /// <summary>
    /// What goes wrong here is the client's doing; Kestrel has an exception without a status for some of it.
    /// </summary>
    private static async ValueTask<ReadResult> NextAsync(PipeReader reader)
    {
        try
        {
            return await reader.ReadAsync();
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            throw new BadHttpRequestException("the body cannot be read", StatusCodes.Status400BadRequest, e);
        }
    }

    private static async ValueTask<bool> RefuseAsync(PipeReader reader, int limit, bool drains)
    {
        for (long read = 0; drains && read < MaxDrainBytes - limit;)
        {
            var result = await NextAsync(reader);
            read += result.Buffer.Length;
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) break;
        }
        return false;
    }
}
