using Kist.Kernel.Backups;
using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Node;

/// <summary>Backup and restore of the whole store, while this node and others serve.</summary>
public sealed partial class Node
{
    private static readonly TimeSpan ReopenPause = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _restoring = new(1, 1);
    private readonly Lock _noticing = new();
    private Unsealed? _reopened;
    private Task _reopening = Task.CompletedTask;

    /// <summary>
    /// Prepares a backup of the store as it is now; the function that is returned writes it. Throws what the store
    /// throws, before anything is written.
    /// </summary>
    public async ValueTask<Func<Stream, CancellationToken, ValueTask>> BackupAsync(
        Unsealed kernel, CancellationToken ct)
    {
        (await RootOfBackupAsync(kernel, ct)).Root.Dispose();
        return (target, ct) => WriteBackupAsync(kernel, target, ct);
    }

    /// <summary>
    /// Puts a backup into the place of everything in the store, or changes nothing. Unless <paramref name="force"/> is
    /// set it must be of this cluster and its present root key. Tokens and leases of another cluster come along only
    /// <paramref name="withTokens"/>. Afterwards <see cref="ReopenAsync"/> must be called.
    /// </summary>
    public async ValueTask<Fault?> RestoreAsync(
        Unsealed kernel, Stream source, bool force, bool withTokens, CancellationToken ct)
    {
        if (!_restoring.Wait(0)) return new Fault(FaultKind.Conflict, "another restore is under way");
        try
        {
            using var reader = await BackupReader.OpenAsync(source, ct);
            var (root, isOwn) = await RootOfRestoreAsync(kernel, reader, ct);
            using var held = root;
            if (root is null) return Fault.Invalid("the backup does not open with this server's keys: restore it with"
                + " kist operator restore --to, which asks for the keys that it was made under");
            if (!isOwn && !force) return Fault.Invalid("could not verify hash file, possibly the snapshot is using a"
                + " different set of unseal keys; use the snapshot-force API to bypass this check");
            using var contents = new BackupContents(root);
            var entries = FencedAsync(
                contents.RestoredAsync(reader.EntriesAsync(ct), isOwn || withTokens, ct), kernel.Barrier);
            try
            {
                await Store.ReplaceAsync(entries, overwrites: true, ct);
            }
            catch
            {
                kernel.Barrier.SetBeingReplaced(false);
                throw;
            }
            Log.Note(LogLevel.Warn, $"a backup of {reader.Header.Created:u} was restored entries={reader.Entries}");
            return null;
        }
        catch (BackupException e)
        {
            return Fault.Invalid(e.Message);
        }
        finally
        {
            _restoring.Release();
        }
    }

    /// <summary>
    /// Opens the store anew, with the root key that is held: its content was replaced. Where that key does not fit any
    /// more, an automatic seal is asked; otherwise the node is sealed.
    /// </summary>
    public Task ReopenAsync(Unsealed kernel)
    {
        lock (_noticing)
        {
            // Whoever restored it and whoever noticed may both ask, and both wait for the same.
            if (_reopened == kernel) return _reopening;
            _reopened = kernel;
            return _reopening = Task.Run(() => ReopenOnceAsync(kernel));
        }
    }

    private async Task ReopenOnceAsync(Unsealed kernel)
    {
        SecretBuffer root;
        await _changing.WaitAsync();
        try
        {
            if (Current != kernel) return;
            root = kernel.Barrier.CopyRootKey();
            Volatile.Write(ref _current, null);
            UnsealedAt = null;
            await kernel.DisposeAsync();
        }
        finally
        {
            _changing.Release();
        }
        using (root)
        {
            while (Volatile.Read(ref _disposed) == 0 && Current is null && !await TryReopenAsync(root))
                await Task.Delay(ReopenPause, Clock);
        }
    }

    /// <summary>Throws when another node has restored a backup, and opens the store anew.</summary>
    internal async ValueTask FollowRestoreAsync(Unsealed kernel, CancellationToken ct)
    {
        if (await kernel.Barrier.IsOfThisStoreAsync(ct)) return;
        _ = ReopenAsync(kernel);
        throw new StoreException(
            StoreFailure.Unavailable, "a backup was restored; this node opens the storage anew");
    }

    private async ValueTask WriteBackupAsync(Unsealed kernel, Stream target, CancellationToken ct)
    {
        try
        {
            var (root, stored) = await RootOfBackupAsync(kernel, ct);
            using var held = root;
            var header = BackupHeader.New(stored, Clock.GetUtcNow());
            var entries = await BackupWriter.WriteAsync(target, header, root, Store.SnapshotAsync(ct), ct);
            Log.Note(LogLevel.Info, $"a backup was written entries={entries}");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Log.Write(LogLevel.Error, "a backup was broken off", e);
            throw;
        }
    }

    // The root key is replaced in one batch with the keyring: as long as that has not changed, the two belong together.
    private async ValueTask<(SecretBuffer Root, StoredRootKey Stored)> RootOfBackupAsync(
        Unsealed kernel, CancellationToken ct)
    {
        async ValueTask<long?> KeyringAsync() =>
            (await Store.GetAsync(Barrier.Barrier.KeyringStoreKey, ct))?.Revision;
        while (true)
        {
            var before = await KeyringAsync();
            await kernel.Barrier.FollowAsync(ct);
            var stored = await StoredOrThrowAsync(ct);
            var root = kernel.Barrier.CopyRootKey();
            if (await KeyringAsync() == before) return (root, stored);
            root.Dispose();
        }
    }

    private async ValueTask<(SecretBuffer? Root, bool IsOwn)> RootOfRestoreAsync(
        Unsealed kernel, BackupReader reader, CancellationToken ct)
    {
        var own = kernel.Barrier.CopyRootKey();
        if (await reader.TryUnlockAsync(own, ct)) return (own, true);
        own.Dispose();
        if (Parts.Seal is not { } seal || seal.Type != reader.Header.Seal.Type) return (null, false);
        try
        {
            var theirs = await seal.UnwrapAsync(reader.Header.RootKey, ct);
            if (await reader.TryUnlockAsync(theirs, ct)) return (theirs, false);
            theirs.Dispose();
        }
        catch (SealException)
        {
            // Of another seal of the same kind.
        }
        return (null, false);
    }

    /// <summary>When all of the backup was read and is good, what it replaces takes no more writes.</summary>
    private static async IAsyncEnumerable<StoredEntry> FencedAsync(
        IAsyncEnumerable<StoredEntry> entries, Barrier.Barrier barrier)
    {
        await foreach (var entry in entries) yield return entry;
        barrier.SetBeingReplaced(true);
    }

    private async ValueTask<bool> TryReopenAsync(SecretBuffer root)
    {
        await _changing.WaitAsync();
        try
        {
            if (Current is null) await PublishAsync(await OpenAnewAsync(root), CancellationToken.None);
            Log.Note(LogLevel.Info, "the storage was opened anew");
            return true;
        }
        catch (Exception e) when (e is SealException or BarrierException)
        {
            Log.Write(LogLevel.Error, "the restored storage has other keys: unseal this node with those", e);
            return true;
        }
        catch (Exception e) when (RequestPipeline.FaultOf(e) is not null)
        {
            Log.Write(LogLevel.Error, "the storage cannot be opened anew, trying again", e);
            return false;
        }
        finally
        {
            _changing.Release();
        }
    }

    private async ValueTask<Barrier.Barrier> OpenAnewAsync(SecretBuffer root)
    {
        try
        {
            return await Barrier.Barrier.OpenAsync(Store, root, Clock, CancellationToken.None);
        }
        catch (BarrierException) when (Parts.Seal is not null)
        {
            var stored = await StoredOrThrowAsync(CancellationToken.None);
            using var theirs = await SealOf(stored.Config.Type).UnwrapAsync(stored.Wrapped, CancellationToken.None);
            return await Barrier.Barrier.OpenAsync(Store, theirs, Clock, CancellationToken.None);
        }
    }
}
