from __future__ import annotations
import apishim, time
from rage_pg.logs import configure_logs
configure_logs("warning")
from tests.api_service import *
async def test_play(database_url):
    t=time.perf_counter()
    async with service(database_url, worker=True) as c:
        print("start", time.perf_counter()-t)
        print((await c.get("/api/health/ready")).text)
        im=await uploaded(c, title="Red lantern", tags=["a/b","c"], attributes={"price":5,"colour":"red"})
        im2=await uploaded(c, title="Blue box", tags=["c"], brand="lumen", attributes={"price":"7"})
        print(im)
        t=time.perf_counter()
        r=await c.post("/api/search", json={"prompt":"red lamp","k":2}); print(r.status_code, r.text[:600], time.perf_counter()-t)
        for u in ["/api/images?tag=a&tag=c","/api/images?attribute.price=7","/api/images?attribute.price=5","/api/images?foo=1","/api/images?q=%00","/api/images?tag=%00","/api/images?min_width=99999999999","/api/images?sort=x","/api/images?cursor=ab","/api/facets?brand=lumen","/api/brands","/api/brands/LUMEN","/api/brands/a%00","/api/brands/a%2Fb","/api/tags","/api/collections","/api/images/99999999999999999999","/api/images/1/content?version=7","/api/generations","/api/generations?label.a=b&label.a=c","/api/generations/00000000-0000-0000-0000-000000000000","/api/generations/x","/api/generations?limit=0","/metrics","/schema","/schema/openapi.json","/static/openapi/start.js","/nix"]:
            r=await c.get(u); print(u, r.status_code, r.text[:300], r.headers.get("content-type"))
        r=await c.post("/api/search", json={"prompt":"red","filters":{"min_width":10**12}}); print(r.status_code, r.text[:300])
        r=await c.post("/api/search", json={"prompt":"red","filters":{"brand":["\0"]}}); print(r.status_code, r.text[:300])
        r=await c.post("/api/search", json={"prompt":"red","among":[10**20]}); print(r.status_code, r.text[:300])
        r=await c.post("/api/search", json={"prompt":"red","legs":{"nix":1}}); print(r.status_code, r.text[:300])
        t=time.perf_counter()
        r=await c.post("/api/generations?wait=20", json={"prompt":"put together","references":[{"image_id":im["id"]},{"image_id":im2["id"]}]}); print(r.status_code, r.text, time.perf_counter()-t)
        g=r.json()
        r=await c.get(f"/api/generations/{g['id']}/events"); print(r.status_code, r.headers, r.text)
        r=await c.get(f"/api/generations/{g['id']}/events", headers={"last-event-id":"3"}); print(r.status_code, r.headers, r.text)
        r=await c.get(g["outputs"][0]["url"]); print(r.status_code, r.headers, len(r.content))
        t=time.perf_counter()
    print("stop", time.perf_counter()-t)
