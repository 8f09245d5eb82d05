using System.Data.Common;
using Kist.Client.References;

namespace Kist.Client.Connections;

/// <summary>
/// A value that is looked up each time it is used, so that a connection that is opened after a rotation has the new
/// one. Its methods have the shapes that libraries ask for: <see cref="Provide"/> and <see cref="ProvideAsync"/> are
/// the password providers of Npgsql and MySqlConnector.
/// </summary>
public sealed class LiveSecret
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    private readonly KistClient _client;
    private readonly KistReference _reference;
    private readonly TimeProvider _clock;

    /// <summary>The value of a reference such as <c>kist://prod/database#password</c>. Throws
    /// <see cref="KistException"/> when the text is none.</summary>
    public LiveSecret(KistClient client, string reference)
    {
        ArgumentNullException.ThrowIfNull(client);
        (_client, _reference, _clock) = (client, Caching.SecretCache.Parse(reference), client.Clock);
    }

    /// <summary>How long a refused value is tried again with what the store has: as long as a rotation may take between
    /// the store and the service. 10 s unless set.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The value as of now.</summary>
    public async ValueTask<string> RevealAsync(CancellationToken ct = default)
    {
        using var value = await _client.Secrets.GetBytesAsync(_reference, ct);
        return value.RevealText();
    }

    /// <summary>As <see cref="RevealAsync"/>; waits if it must be read.</summary>
    public string Reveal()
    {
        var value = RevealAsync();
        return value.IsCompleted ? value.GetAwaiter().GetResult() : Task.Run(value.AsTask).GetAwaiter().GetResult();
    }

    /// <summary>For libraries that call a method with something of theirs: <c>UsePasswordProvider(live.Provide,
    /// live.ProvideAsync)</c>.</summary>
    public string Provide<T>(T asker) => Reveal();

    /// <summary>As <see cref="Provide"/>.</summary>
    public ValueTask<string> ProvideAsync<T>(T asker, CancellationToken ct) => RevealAsync(ct);

    /// <summary>
    /// Runs an attempt, and again after it was refused, each time with what the store has then: for as long as
    /// <see cref="Patience"/>. That bridges the moment of a rotation in which store and service differ, whichever is
    /// changed first.
    /// </summary>
    public async Task<T> TryAsync<T>(
        Func<CancellationToken, Task<T>> attempt, Func<Exception, bool> isRefused, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        ArgumentNullException.ThrowIfNull(isRefused);
        var began = _clock.GetTimestamp();
        for (var pause = TimeSpan.Zero; ;)
        {
            try
            {
                return await attempt(ct);
            }
            catch (Exception e) when (isRefused(e) && _clock.GetElapsedTime(began) < Patience)
            {
                // The first time at once: most often a newer value is there already.
                await Task.Delay(pause, _clock, ct);
                pause = pause == TimeSpan.Zero ? s_firstPause
                    : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_longestPause.Ticks));
                _client.Secrets.Invalidate(_reference.Path);
            }
        }
    }

    /// <summary>Opens a connection whose library asks this object for the password; a refused one is tried again
    /// (<see cref="TryAsync"/>).</summary>
    public Task OpenAsync(DbConnection connection, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return TryAsync(async stop =>
        {
            await connection.OpenAsync(stop);
            return true;
        }, IsRefusedLogin, ct);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{_reference} [REDACTED]";

    // SQLSTATE class 28, "invalid authorization specification": PostgreSQL's 28P01 and 28000, MySQL's 28000.
    private static bool IsRefusedLogin(Exception e) =>
        e is DbException { SqlState: { } state } && state.StartsWith("28", StringComparison.Ordinal);
}
